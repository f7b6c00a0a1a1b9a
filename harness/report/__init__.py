"""What a run leaves behind and shows: journal, terminal, JUnit, summary.

What belongs here: turning records and results into files and text. What does not: judging
(`oracle`), running (`scenario`).
"""
