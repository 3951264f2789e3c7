"""Inventories of meshes as a user writes them."""

from pathlib import Path


def mesh_text(
    clusters: int = 3,
    *,
    nodes: int = 1,
    address: str = "cucm://192.0.2.{host}",
    head: str = 'mesh = "full"',
    of_clusters: str = "",
) -> str:
    """Clusters c01, c02 …; `head` is what stands above them, `of_clusters` in each of their tables."""
    lines = [head]
    for number in range(1, clusters + 1):
        name, extension = f"c{number:02d}", str(4000 + number)
        lines += [
            f"[clusters.{name}]",
            'release = "15"',
            f'extension = "{extension}"',
            f'phone = "SEP0011223{number:05d}"',
            of_clusters,
        ]
        for kind, user in (("axl", "axl-admin"), ("platform", "administrator"), ("call", f"caller{extension}")):
            lines += [f"[clusters.{name}.{kind}]", f'user = "{user}"', f'password_variable = "MESH_{name}_{kind}"']
        for node in range(1, nodes + 1):
            place = address.format(host=10 * number + node)
            lines += [f"[[clusters.{name}.nodes]]", f'name = "cucm{node}.{name}.example"', f'address = "{place}"']
            lines += ['role = "subscriber"'] if node > 1 else []
    return "\n".join(lines) + "\n"


def simulated_mesh(file: Path, clusters: int = 3, nodes: int = 1) -> Path:
    """The same, to be simulated."""
    file.write_text(mesh_text(clusters, nodes=nodes, address="sim://15"), encoding="utf-8")
    return file
