"""Tables that fail as if the instance had been killed."""

from collections.abc import Sequence

from local.counting_tables import CountingTables
from shared.tables.port import Operation, StorageUnavailable, Tables


class FailingTables(CountingTables):
    """Tables that carry out `left` transactions, and raise StorageUnavailable for each further one."""

    def __init__(self, inner: Tables, left: float) -> None:
        super().__init__(inner)
        self.left = left

    async def transact(
        self, table: str, partition: str, operations: Sequence[Operation]
    ) -> list[str]:
        if self.left <= 0:
            raise StorageUnavailable("the instance was killed")
        self.left -= 1
        return await super().transact(table, partition, operations)
