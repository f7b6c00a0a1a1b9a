"""`harness serve`: the simulated API server over https in real time, for kubectl and any client."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".harness/kubeconfig"),
    show_default=True,
    help="Written with the server's CA and a random token.",
)
@click.option("--controllers", type=click.Choice(["all", "none"]), default="all")
@click.option("--nodes", type=click.IntRange(0), default=3, help="Simulated nodes.")
@click.option(
    "--manifests",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Files or folders to apply first.",
)
def serve(
    port: int, kubeconfig: Path, controllers: str, nodes: int, manifests: tuple[Path, ...]
) -> int:
    """Serve the simulated API server on loopback until interrupted."""
    import asyncio

    kubeconfig = kubeconfig.resolve()
    asyncio.run(_serve(port, kubeconfig, controllers == "all", nodes, list(manifests)))
    return 0


async def _serve(
    port: int, kubeconfig: Path, controllers: bool, nodes: int, manifests: list[Path]
) -> None:
    import asyncio
    import signal

    from harness.clusters.served import ServedCluster
    from harness.clusters.simulated import SimulationOptions
    from harness.scenario.loader import collect, read_manifests

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    options = SimulationOptions(nodes=nodes)
    async with ServedCluster(
        options, port=port, kubeconfig=kubeconfig, controllers=controllers
    ) as cluster:
        for file in collect(manifests):
            await cluster.install(read_manifests(file))
        click.echo(f"ready: {cluster.url}")
        click.echo(f"export KUBECONFIG={kubeconfig}")
        await stop.wait()
    click.echo("stopped")
