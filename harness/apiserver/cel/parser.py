"""Tokens to a syntax tree, by the grammar of the CEL specification.

Precedence climbing over the binary operators, then unary ones, then the chain of `.field`,
`.call()` and `[index]` after a primary. Calls that are macros become `Macro` nodes (see
`macros`). The first mistake ends the parse.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.apiserver.cel import lexer
from harness.apiserver.cel.errors import CelCompileError
from harness.apiserver.cel.lexer import Token, issue_at
from harness.apiserver.cel.literals import LiteralError, decode_double, decode_int, decode_uint
from harness.apiserver.cel.macros import expand
from harness.apiserver.cel.syntax_tree import (
    Call,
    Entry,
    Expression,
    Identifier,
    ListLiteral,
    Literal,
    MapLiteral,
    MessageLiteral,
    Select,
)

RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
_CONSTANTS = {"true": True, "false": False, "null": None}
# How tightly an operator binds, and the function it calls.
_BINARY: dict[str, tuple[int, str]] = {
    "||": (1, "_||_"),
    "&&": (2, "_&&_"),
    "<": (3, "_<_"),
    "<=": (3, "_<=_"),
    ">": (3, "_>_"),
    ">=": (3, "_>=_"),
    "==": (3, "_==_"),
    "!=": (3, "_!=_"),
    "in": (3, "@in"),
    "+": (4, "_+_"),
    "-": (4, "_-_"),
    "*": (5, "_*_"),
    "/": (5, "_/_"),
    "%": (5, "_%_"),
}
_NUMBERS: dict[str, Callable[[str], int | float]] = {
    lexer.INT: decode_int,
    lexer.UINT: decode_uint,
    lexer.FLOAT: decode_double,
}
_BEGINNINGS = ("[", "{", "(", ".", "-", "!")
_SYMBOL_ORDER = ("[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?")
_OTHER_BEGINNINGS = (
    "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER"
)


def _beginnings(*others: str) -> str:
    """What an expression may begin with, and what else may stand there, as messages list it."""
    symbols = [f"'{symbol}'" for symbol in _SYMBOL_ORDER if symbol in (*_BEGINNINGS, *others)]
    return f"{{{', '.join(symbols)}, {_OTHER_BEGINNINGS}}}"


def parse(text: str) -> Expression:
    """The tree of one expression.

    Raises:
        CelCompileError: The text is not an expression.
    """
    return Parser(text).parse()


class Parser:
    """One pass over the tokens of `text`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens, self._unrecognized = lexer.tokenize(text)
        self._index = 0
        self._number = 0

    def parse(self) -> Expression:
        """The whole text as one expression."""
        try:
            tree = self._expression()
            if self._token.kind != lexer.END:
                self._unexpected("<EOF>", "extraneous")
        except CelCompileError as error:
            raise CelCompileError(self._text, [*self._unrecognized, *error.issues]) from None
        if self._unrecognized:
            raise CelCompileError(self._text, self._unrecognized)
        return tree

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def next_number(self) -> int:
        """A number for a node that no other node of this tree has."""
        self._number += 1
        return self._number

    def fail(self, offset: int, message: str) -> CelCompileError:
        """The error to raise for a mistake at `offset`."""
        return CelCompileError(self._text, [issue_at(self._text, offset, message)])

    def _unexpected(self, expecting: str, how: str = "mismatched") -> None:
        token = self._token
        message = f"Syntax error: {how} input '{token.text}' expecting {expecting}"
        raise self.fail(token.offset, message)

    def _at(self, *symbols: str) -> bool:
        token = self._token
        return token.text in symbols and token.kind in (lexer.SYMBOL, lexer.IDENTIFIER)

    def _accept(self, symbol: str) -> Token | None:
        if not self._at(symbol):
            return None
        self._index += 1
        return self._tokens[self._index - 1]

    def _expect(self, symbol: str) -> Token:
        token = self._accept(symbol)
        if token is not None:
            return token
        raise self._missing(symbol)

    def _accept_alone(self, symbol: str, closing: str) -> None:
        """The comma of `[,]` and `{,}`."""
        if self._at(symbol) and self._tokens[self._index + 1].text == closing:
            self._index += 1

    def _close(self, symbol: str) -> None:
        """The end of a list or map."""
        if not self._accept(symbol):
            following = self._tokens[min(self._index + 1, len(self._tokens) - 1)]
            extra = following.text in (symbol, ",") and self._token.kind != lexer.END
            self._unexpected(f"{{'{symbol}', ','}}", "extraneous" if extra else "mismatched")

    def _missing(self, symbol: str) -> CelCompileError:
        """The error where `symbol` must stand; worded by what the next tokens could be."""
        token = self._token
        following = self._tokens[min(self._index + 1, len(self._tokens) - 1)]
        if following.text == symbol and token.kind != lexer.END:
            message = f"extraneous input '{token.text}' expecting '{symbol}'"
        elif _can_follow(symbol, token):
            message = f"missing '{symbol}' at '{token.text}'"
        else:
            message = f"mismatched input '{token.text}' expecting '{symbol}'"
        return self.fail(token.offset, f"Syntax error: {message}")

    def _expression(self, *others: str) -> Expression:
        """An expression; `others` is what else could stand in its place."""
        self._require_beginning(*others)
        condition = self._binary(0)
        question = self._accept("?")
        if question:
            then = self._binary(0)
            self._expect(":")
            otherwise = self._expression()
            condition = self._call(question.offset, "_?_:_", condition, then, otherwise)
        return condition

    def _require_beginning(self, *others: str) -> None:
        token = self._token
        if _begins(token):
            return
        following = self._tokens[min(self._index + 1, len(self._tokens) - 1)]
        skippable = _begins(following) or following.text in others
        how = "extraneous" if skippable and token.kind != lexer.END else "mismatched"
        self._unexpected(_beginnings(*others), how)

    def _binary(self, binding: int) -> Expression:
        """Operands joined by operators that bind tighter than `binding`, from left to right."""
        left = self._unary()
        while True:
            token = self._token
            found = _BINARY.get(token.text)
            if found is None or token.kind not in (lexer.SYMBOL, lexer.IDENTIFIER):
                return left
            tighter, function = found
            if tighter <= binding:
                return left
            self._index += 1
            left = self._call(token.offset, function, left, self._binary(tighter))

    def _call(self, offset: int, function: str, *arguments: Expression) -> Call:
        return Call(self.next_number(), offset, function, None, list(arguments))

    def _unary(self) -> Expression:
        if self._at("!"):
            return self._repeated("!", "!_")
        following = self._tokens[min(self._index + 1, len(self._tokens) - 1)]
        if self._at("-") and following.kind not in (lexer.INT, lexer.FLOAT):
            return self._repeated("-", "-_")
        return self._member()

    def _repeated(self, symbol: str, function: str) -> Expression:
        start = self._token.offset
        count = 0
        while self._at(symbol):
            if symbol == "-" and self._tokens[self._index + 1].kind in (lexer.INT, lexer.FLOAT):
                break
            self._index += 1
            count += 1
        operand = self._member() if symbol == "!" or not self._at("-") else self._unary()
        # An even number of them cancels out.
        return self._call(start, function, operand) if count % 2 else operand

    def _member(self) -> Expression:
        operand = self._primary()
        while True:
            if self._at("."):
                operand = self._dot(operand)
            elif self._at("["):
                operand = self._index_into(operand)
            elif self._at("{") and (name := _qualified_name(operand)) is not None:
                operand = self._message(operand.offset, name)
            else:
                return operand

    def _dot(self, operand: Expression) -> Expression:
        dot = self._expect(".")
        optional = self._accept("?") is not None
        token = self._token
        if token.kind not in (lexer.IDENTIFIER, lexer.QUOTED) or token.text in ("in", *_CONSTANTS):
            shown = "" if token.kind == lexer.END else token.text
            message = f"Syntax error: no viable alternative at input '.{shown}'"
            raise self.fail(token.offset, message)
        self._index += 1
        if not optional and token.kind == lexer.IDENTIFIER and self._at("("):
            opening = self._expect("(")
            return self._call_of(token, operand, self._list(")"), opening.offset)
        return Select(
            self.next_number(), dot.offset, operand, token.value, test=False, optional=optional
        )

    def _index_into(self, operand: Expression) -> Expression:
        bracket = self._expect("[")
        function = "_[?_]" if self._accept("?") else "_[_]"
        index = self._expression("?")
        self._expect("]")
        return self._call(bracket.offset, function, operand, index)

    def _primary(self) -> Expression:
        token = self._token
        self._index += 1
        if token.kind in (lexer.STRING, lexer.BYTES):
            return Literal(self.next_number(), token.offset, token.value)
        signed = token.text == "-" and self._token.kind in (lexer.INT, lexer.FLOAT)
        if signed or token.kind in _NUMBERS:
            return self._number_literal(token)
        if token.kind == lexer.IDENTIFIER and token.text != "in":
            return self._name(token)
        if token.kind == lexer.SYMBOL and token.text == "(":
            inner = self._expression()
            self._expect(")")
            return inner
        if token.kind == lexer.SYMBOL and token.text == "[":
            return self._list_literal(token)
        if token.kind == lexer.SYMBOL and token.text == "{":
            return MapLiteral(self.next_number(), token.offset, self._entries())
        if (
            token.kind == lexer.SYMBOL
            and token.text == "."
            and (self._token.kind == lexer.IDENTIFIER)
        ):
            self._index += 1
            return self._name(self._tokens[self._index - 1])
        self._index -= 1
        self._require_beginning()
        # Only a minus is left: the grammar has none behind an exclamation mark.
        following = self._tokens[min(self._index + 1, len(self._tokens) - 1)]
        message = f"no viable alternative at input '{token.text}{following.text}'"
        raise self.fail(following.offset, f"Syntax error: {message}")

    def _number_literal(self, token: Token) -> Expression:
        written = token.text
        digits = token
        if written == "-":
            digits = self._token
            self._index += 1
            written += digits.text
        try:
            value = _NUMBERS[digits.kind](written)
        except LiteralError as error:
            raise self.fail(token.offset, str(error)) from error
        return Literal(self.next_number(), token.offset, value)

    def _name(self, token: Token) -> Expression:
        if token.text in _CONSTANTS:
            return Literal(self.next_number(), token.offset, _CONSTANTS[token.text])
        if token.text in RESERVED:
            raise self.fail(token.offset, f"reserved identifier: {token.text}")
        if self._at("("):
            opening = self._expect("(")
            return self._call_of(token, None, self._list(")"), opening.offset)
        return Identifier(self.next_number(), token.offset, token.text)

    def _call_of(
        self, name: Token, target: Expression | None, arguments: list[Expression], offset: int
    ) -> Expression:
        macro = expand(self, name.text, target, arguments, offset)
        if macro is not None:
            return macro
        return Call(self.next_number(), offset, name.text, target, arguments)

    def _list(self, closing: str) -> list[Expression]:
        items: list[Expression] = []
        if not self._at(closing):
            items.append(self._expression(closing))
        while items and self._accept(","):
            items.append(self._expression())
        self._expect(closing)
        return items

    def _list_literal(self, opening: Token) -> Expression:
        elements: list[Expression] = []
        optional: set[int] = set()
        self._accept_alone(",", "]")
        while not self._at("]"):
            if self._accept("?"):
                optional.add(len(elements))
            elements.append(self._expression("]", ",", "?"))
            if not self._accept(","):
                break
        self._close("]")
        return ListLiteral(self.next_number(), opening.offset, elements, frozenset(optional))

    def _entries(self) -> list[Entry]:
        entries: list[Entry] = []
        self._accept_alone(",", "}")
        while not self._at("}"):
            optional = self._accept("?") is not None
            key = self._expression("}", ",", "?")
            colon = self._expect(":")
            entries.append(Entry(colon.offset, key, self._expression(), optional))
            if not self._accept(","):
                break
        self._close("}")
        return entries

    def _message(self, offset: int, name: str) -> Expression:
        opening = self._expect("{")
        entries: list[Entry] = []
        while not self._at("}"):
            optional = self._accept("?") is not None
            token = self._token
            if token.kind not in (lexer.IDENTIFIER, lexer.QUOTED):
                self._unexpected("IDENTIFIER")
            self._index += 1
            key = Literal(self.next_number(), token.offset, token.value)
            colon = self._expect(":")
            entries.append(Entry(colon.offset, key, self._expression(), optional))
            if not self._accept(","):
                break
        self._expect("}")
        return MessageLiteral(self.next_number(), opening.offset, name, entries)


def _begins(token: Token) -> bool:
    """Whether an expression can begin with a token."""
    if token.kind == lexer.SYMBOL:
        return token.text in _BEGINNINGS
    return token.kind not in (lexer.END, lexer.QUOTED) and token.text != "in"


def _can_follow(symbol: str, token: Token) -> bool:
    """Whether a token may stand right behind a symbol that is missing before it."""
    if symbol == ":":
        return _begins(token)
    return token.kind == lexer.END or token.text in _AFTER_OPERAND


_AFTER_OPERAND = (
    *("||", "&&", "<", "<=", ">", ">=", "==", "!=", "in", "+", "-", "*", "/", "%"),
    *("?", ":", ",", ")", "]", "}", ".", "[", "{"),
)


def _qualified_name(tree: Expression) -> str | None:
    if isinstance(tree, Identifier):
        return tree.name
    if isinstance(tree, Select) and not tree.test and not tree.optional:
        prefix = _qualified_name(tree.operand)
        return f"{prefix}.{tree.field}" if prefix is not None else None
    return None
