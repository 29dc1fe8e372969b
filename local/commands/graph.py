"""`python -m local graph`: run the simulator of Microsoft's login service and Graph presence."""

import argparse
import sys

NAME = "graph"
HELP = "simulate Microsoft's login service and Graph presence on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--port", type=int, default=8790, help="port on 127.0.0.1 (8790)")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="MS", help="milliseconds that Graph takes (0)"
    )
    parser.add_argument(
        "--tenants",
        nargs="*",
        default=[],
        metavar="DOMAIN[:PEOPLE]",
        help="more tenants; a plain number N makes tenant-0001.example to tenant-N.example",
    )
    parser.add_argument(
        "--people", type=int, default=100, help="people of each further tenant (100)"
    )
    parser.add_argument(
        "--consented", action="store_true", help="the further tenants have consented already"
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; return 1 if the port can't be used."""
    from local.graph.server import serve
    from local.graph.simulator import Simulator

    simulator = Simulator()
    simulator.options.latency = arguments.latency / 1000
    for domain, people in _tenants(arguments.tenants, arguments.people):
        tenant = simulator.add_tenant(domain.split(".")[0].capitalize(), domain, crowd=people)
        if arguments.consented:
            simulator.consent(tenant.tenant_id)
    try:
        serve(arguments.port, simulator, _announce)
    except (OSError, OverflowError) as error:
        print(
            f"port {arguments.port} cannot be used: {error}. Choose another with --port.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _announce(url: str) -> None:
    """Print the product's settings for using the simulator."""
    from local.graph.simulator import CLIENT_ID, CLIENT_SECRET, HOME_TENANT_ID

    print(f"Microsoft simulator, to be turned at {url}/control")
    print(f"LOGIN_URL={url}\nGRAPH_URL={url}\nHOME_TENANT_ID={HOME_TENANT_ID}")
    print(f"PRESENCE_CLIENT_ID={CLIENT_ID}\nPRESENCE_CLIENT_SECRET={CLIENT_SECRET}", flush=True)


def _tenants(given: list[str], people: int) -> list[tuple[str, int]]:
    """Parse the option --tenants; return each tenant's domain and number of people."""
    found: list[tuple[str, int]] = []
    for one in given:
        if one.isdigit():
            found += [(f"tenant-{number:04d}.example", people) for number in range(1, int(one) + 1)]
        else:
            domain, _, count = one.partition(":")
            found.append((domain, int(count) if count.isdigit() else people))
    return found
