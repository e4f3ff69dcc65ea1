"""The queue of faults."""

from smppgw.simulators.faults import Fault, FaultKind, Faults, Operation

NOWHERE: frozenset[str] = frozenset()


def a_fault(kind: FaultKind = FaultKind.EMPTY, *, count: int = 1, datacenter: str | None = None) -> Fault:
    return Fault(operation=Operation.SEND, fault=kind, count=count, datacenter=datacenter)


def kinds_met(faults: Faults, calls: int) -> list[FaultKind | None]:
    met = [faults.take(Operation.SEND, NOWHERE) for _ in range(calls)]
    return [None if fault is None else fault.fault for fault in met]


def test_a_fault_is_met_as_often_as_it_says() -> None:
    faults = Faults()
    faults.add(a_fault(count=2))

    met = kinds_met(faults, 3)

    assert met == [FaultKind.EMPTY, FaultKind.EMPTY, None]


def test_faults_are_met_in_the_order_of_posting() -> None:
    faults = Faults()
    faults.add(a_fault(FaultKind.GARBAGE))
    faults.add(a_fault(FaultKind.EMPTY))

    met = kinds_met(faults, 2)

    assert met == [FaultKind.GARBAGE, FaultKind.EMPTY]


def test_other_operations_do_not_meet_it() -> None:
    faults = Faults()
    faults.add(a_fault())

    assert faults.take(Operation.STATUS, NOWHERE) is None


def test_only_its_data_center_meets_it() -> None:
    faults = Faults()
    faults.add(a_fault(datacenter="de1"))

    elsewhere = faults.take(Operation.SEND, frozenset({"de2", "eu"}))
    there = faults.take(Operation.SEND, frozenset({"de1", "eu"}))

    assert elsewhere is None
    assert there is not None


def test_cleared_faults_are_gone() -> None:
    faults = Faults()
    faults.add(a_fault())

    faults.clear()

    assert faults.take(Operation.SEND, NOWHERE) is None
