"""Types of the compiled core for Python callers."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol, final

from fastlb.facts.agent import AgentState
from fastlb.facts.error_format import Item
from fastlb.facts.ldap import Ldap
from fastlb.facts.server import Model

def take_lbmethod(name: str, capsule: object) -> None:
    """Make a balancing method of another package known by that name, here and in
    processes forked from here. ValueError: it is none for us, and why."""

class TableError(RuntimeError):
    """There is no free slot, or it is not for this process to write."""

@final
class Table:
    """What all processes share (core/balance/table.pxd draws it)."""

    balancers_max: int
    members_max: int
    workers_max: int
    vhosts_max: int

    @staticmethod
    def create(
        balancers_max: int,
        members_max: int,
        workers_max: int,
        digest_clients: int = 8,
        vhosts_max: int = 64,
    ) -> Table:
        """digest_clients: of AuthType Digest, whose nonces are counted."""
    @staticmethod
    def attach(told: Mapping[str, Any], descriptors: Sequence[int]) -> Table:
        """That of the program whose place this one takes, by what its `told` and
        `take_descriptors` gave. TableError: it is laid out otherwise, or is none; the
        descriptors are the caller's then, else the table's."""
    def told(self) -> dict[str, Any]:
        """What `attach` takes, beside the memory: words of JSON."""
    def take_descriptors(self) -> tuple[int, ...]:
        """Of its memory, for `attach`; the caller's from now on. () when they are gone,
        or the system has none that would do."""
    def close(self) -> None:
        """Unmap. No Core may be using it."""

    # after a fork: who this process is, and so what it may write. What it may not is
    # unmapped, in the Staples of all contexts as well, and cannot be regained.
    def be_worker(self, slot: int) -> None: ...
    def be_monitor(self) -> None: ...
    def be_reader(self) -> None:
        """Of a process that only looks (the controller)."""

    # the master alone: identity -> slot. Same key, same slot as long as a generation
    # knows it.
    def claim_balancer(self, key: str, generation: int, *, lbmethod: str) -> int: ...
    def claim_vhost(self, key: str, generation: int) -> None:
        """A slot for what its requests count; workers find it by the key."""
    def claim_member(
        self,
        key: str,
        generation: int,
        *,
        balancer_slot: int,
        load_factor: int,
        lbset: int,
        status: str,
        route: str,
        redirect: str,
        retry_ms: int,
        probe: bool,
        slow_start_ms: int = 0,
        places_max: int = 0,
        check: str = "",
        agent: bool = False,
        fresh: bool = False,
    ) -> int:
        """Find or make the member's slot; what the configuration changed is written.

        A slot that exists keeps counters, lbstatus, run-time flags (E, C) and what an
        operator set since the configuration last said otherwise; fresh=True starts it
        anew (Compat apache). probe: the monitor may clear E. balancer_slot -1: none.
        check: "" where no check of its health is configured, else how one that is new
        begins: "up", "down", or "probe" (out until its first check, unless nobody
        else can serve).
        Raises TableError when a text is too long or no slot is free.
        """
    def release_generation(self, generation: int) -> None:
        """Free the slots that no other generation claimed."""
    def set_addresses(
        self, member_slot: int, addresses: Sequence[tuple[str, int]]
    ) -> bool:
        """Publish up to 8 resolved (literal, port) pairs, in order. True: others than
        those that it had; connections to those are not used again."""
    def addresses(self, member_slot: int) -> list[tuple[str, int]]: ...
    def set_renewal(self, member_slot: int, at_us: int) -> None:
        """When its name is asked for again, in microseconds of CLOCK_MONOTONIC."""
    def renewal_us(self, member_slot: int) -> int:
        """0: nobody has said."""
    def take_overdue(self) -> list[int]:
        """Processes from which a claim or a publication took a lock because they did
        not give it back in time and live; 0: a process that cannot be named."""

    # master and monitor: state of members; the monitor changes E and C only
    def member_status(self, member_slot: int) -> str:
        """Flags as Apache prints them: "Init Ok ", "Init Err " ..."""
    def member_flags(self, member_slot: int) -> str:
        """Set flags as letters in the order OINGUDSEHRFC."""
    def wants_probe(self, member_slot: int) -> bool:
        """It is out by an error that a connection disproves, and by nothing else."""
    def set_flag(self, member_slot: int, letter: str, on: bool) -> None: ...
    def learn(self, slot: int, worker: int, told: Mapping[str, Any]) -> None:
        """State and counts of a member as snapshot_member tells them of another table,
        its busy as that worker's; for a table that serves nobody (fastlb explain)."""
    def mark_up(self, member_slot: int, cause: int = 0, number: int = 0) -> bool:
        """Clear E; True when E was set, which is kept as a change. cause: a place in
        facts.member_changes.CAUSES. Used by master and monitor."""
    def note_change(
        self, member_slot: int, is_out: bool, cause: int, number: int
    ) -> None:
        """Keep that the member went out or came back, beside the six before it."""
    def changes(self, slot: int) -> list[tuple[int, bool, int, int, int]]:
        """(at_us, is_out, cause, number, pid) of the last seven, the newest at the end.
        Numbers may be anything: facts.member_changes.changes_of looks."""
    def note_check(
        self,
        member_slot: int,
        phase: int,
        reason: int,
        status: int,
        at_us: int,
        took_us: int,
        *,
        passes: int,
        fails: int,
        out_since_us: int,
    ) -> None:
        """Keep the result of a check of a member's health beside the nine before it,
        and how it stands since. at_us, out_since_us: CLOCK_MONOTONIC; 0: not out."""
    def standing(self, slot: int) -> tuple[int, int, int, int, bool, bool, bool]:
        """passes and fails (in a row), checks (ever), out_since_us, and whether it is
        out (C), in error (E) and unproven. Of a record that is being written just now
        the numbers are 0."""
    def health(self, member_slot: int) -> dict[str, Any] | None:
        """checks (ever), passes and fails (in a row), out_since_us, results: the last
        ten, the newest at the end, as (phase, reason, status, at_us, took_us). None:
        they are being written just now. Numbers may be anything: who reads them looks.
        """
    def check_counts(self, slot: int) -> tuple[int, int] | None:
        """Checks ever that have passed, and failed. None: as health()."""
    def error_time_us(self, member_slot: int) -> int: ...
    def set_heartbeat(
        self, member_slot: int, ready: int, busy: int, heard_us: int
    ) -> None:
        """What the member said of its workers, and when (monotonic clock). Master and
        monitor only."""
    def heartbeat(self, member_slot: int) -> tuple[int, int, int]:
        """ready, busy, heard_us (0: it was never heard)."""
    def set_agent(self, slot: int, state: AgentState) -> None:
        """What the member's agent has said, all of it. Master and monitor only."""
    def agent(self, member_slot: int) -> tuple[bool, bool, bool, int, int]:
        """... in the order of AgentState's fields."""

    # slots of workers and the monitor: the master alone claims, before the fork
    def claim_worker(self, pid: int, generation: int, number: int) -> int:
        """The lowest free slot. pid 0: not known yet."""
    def claim_monitor(self) -> None: ...
    def set_monitor_pid(self, pid: int) -> None: ...
    def set_worker_pid(self, slot: int, pid: int) -> None: ...
    def note_reload(self, is_sound: bool, at_us: int) -> None:
        """A configuration was taken, or refused. at_us: since 1970."""
    def last_reload(self) -> tuple[bool, int]:
        """Whether the last configuration was taken, and when the last was that was."""
    def set_worker_state(self, slot: int, state: str) -> None:
        """One character of the scoreboard: S _ G ..."""
    def settle_worker(self, slot: int) -> dict[str, int]:
        """Take a dead worker's shares off every gauge and free its locks and its slot.

        Returns what was taken: {"busy": n, "connections": n, "locks": n}.
        """

    # readers
    def snapshot_balancer(self, slot: int) -> dict[str, Any]:
        """slot, key, used, lbmethod, elections, members (slots); queued (requests that
        wait now), queued_most (at one moment), waits (that have waited), waited_us (all
        of them), longest_us (one), turned_away (answered since they could not wait);
        sent_again (how often, by rule: unsent, idempotent, keyed, status; spent: how
        often not, for its budget was used up)."""
    def snapshot_member(self, slot: int) -> dict[str, Any]:
        """key, status, flags, usable (it may be elected), elected, busy, places (had of
        places_max, which is max= with maxscope=global), transferred, read, lbstatus,
        response_us (byresponsetime; 0: nothing is known), load_factor, lbset, route,
        redirect, retries, error_time_us, retry_ms, retry_in_ms (until a request may
        clear E; -1: never), up_us, ejections (that count for the next one),
        ejected_until_us (0: it never was); slot, used, balancer_slot, epoch,
        probed (the monitor may clear E), probe_clears (this E is one that a probe
        disproves), unproven (no check of its health has ended yet)."""
    def outcomes(self, slot: int) -> tuple[list[list[int]], int]:
        """How often requests ended for which the member was asked last, by the class of
        their status (0: none was seen; 1 to 5) and by time (facts.outcomes.BOUNDS_S,
        and one behind); and the microseconds of all of them."""
    def note_history(self, now_us: int) -> int:
        """A look at all members for their history, once a second; how many there are.
        Master and monitor only. now_us: CLOCK_MONOTONIC."""
    def history(self, slot: int, ring: int) -> tuple[int, bytearray] | None:
        """The samples of a member, 16 bytes each, the oldest first, and the number of
        the interval behind the last one (facts/history.py reads them). None: they are
        being written just now."""
    def vhost_outcomes(self, key: str) -> tuple[list[list[int]], int, int] | None:
        """The same for all requests of a virtual host (vhost_id), and the bytes sent to
        its clients. None: nobody has claimed a slot for it."""
    def requests(
        self,
    ) -> list[tuple[int, int, list[tuple[int, int, int, int, int, str, bytes]]]]:
        """Slot and generation of each worker, and (since_us, state, member slot, vhost
        index, bytes sent, client, text) of its 32 requests that have been longest under
        way, as its last tick saw them. A worker that writes them just now is left out.
        Numbers and text may be anything: facts.under_way looks."""
    def follow(
        self,
        until_us: int,
        method: bytes,
        host: bytes,
        path: bytes,
        address: bytes,
        bits: int,
    ) -> None:
        """From now until then (CLOCK_MONOTONIC) workers follow the requests of that
        method, whose Host matches, whose path begins with that, and whose client is in
        that network (16 bytes, IPv4 as ::ffff:a.b.c.d). b"", 0 bits: any. What is too
        long is cut."""
    def follow_until(self, until_us: int) -> None:
        """... until another moment; 0: no more."""
    def followed(
        self, slot: int, since: int
    ) -> tuple[int, int, list[tuple[int, int, int, int, int, int, int, bytes]]]:
        """What a worker has written since: where the next begins, how many requests
        found no room, and (request, at_us, kind, subject, count, more, figure, text)
        of each step. It goes on with as many. Numbers and text may be anything:
        facts.trace looks."""
    def snapshot_workers(self) -> list[dict[str, Any]]:
        """For each used slot: slot, pid, generation, number, state, accesses,
        bytes_out, duration_us, connections (open now), accepted, busy (exchanges
        under way), tunnels (of them), granted (requests it may have in work; 0
        without MaxRequestWorkers), waiting (requests that wait for that), draining
        (state G); connections to members: upstreams (open), idle (of them), opened,
        reused and failed (ever)."""
    def totals(self) -> dict[str, int]:
        """accesses, bytes_out, duration_us, connections (accepted), opened, reused and
        failed (connections to members) over all workers, ended ones included;
        connections_open and busy now; repairs: locks that were taken over from a
        process that was dead or too slow."""

class Request(Protocol):
    """What a slow-path handler sees of a request (admin/)."""

    method: str
    target: str  # as received
    path: str  # decoded
    query: str
    headers: list[tuple[bytes, bytes]]
    client_host: str
    client_port: int
    host_name: str  # what we call ourselves (UseCanonicalName), without brackets
    host_port: int
    local_host: str
    local_port: int
    vhost_index: int

class Services(Protocol):
    """What the worker hands to the core: everything it may call upward."""

    def error_page(
        self,
        vhost_index: int,
        status: int,
        detail: str,
        path: str,
        reason: str,
        second_status: int,
        host_name: str,
        host_port: int,
    ) -> tuple[str, bytes]:
        """Reason phrase and body (text/html; charset=iso-8859-1) of a local answer.

        detail: what the page says beyond the status (admin/pages.py tells by status).
        reason: a member's own phrase, kept by ProxyErrorOverride; "" for the usual one.
        second_status: how an ErrorDocument's own request ended; 0: there was none.
        host_name, host_port: as in Request, for the footer.
        """
    def signature(
        self, vhost_index: int, path: str, host_name: str, host_port: int
    ) -> bytes:
        """The line at the foot of a page of ours, b"" for none (ServerSignature)."""
    def handle(
        self, name: str, request: Request
    ) -> tuple[int, str, bytes, tuple[tuple[str, str], ...]]:
        """Answer of a SetHandler: status, content type, body, more header fields."""
    def ask_host(
        self,
        names: Sequence[str],
        forward: bool,
        client: str,
        asker: tuple[int, int],
        names_number: int,
    ) -> None:
        """Begin a look-up (Require host, forward-dns); Core.host_answer ends it.

        asker: connection, and request on it.
        """
    def ask_address(self, host: str, port: int, connection: int, request: int) -> None:
        """Begin a look-up (CONNECT to a name); Core.address_answer ends it."""
    def ask_verdict(
        self,
        question: tuple[int, bytes | Ldap, bytes, bytes, tuple[str, ...]],
        connection: int,
        request: int,
    ) -> bool:
        """Begin to look into a file of users or groups.

        question: ASKS_* of core/plan/verdicts.pxd, file or directory, user, password
        (else b""), and groups or the realm; of a directory what Require says.
        Core.verdict_answer ends it. False: too many are being checked.
        """
    def ask_map(self, number: int, key: bytes, connection: int, request: int) -> bool:
        """Begin to ask the program of a RewriteMap; Core.verdict_answer ends it.

        number: in facts.rewrite_maps.maps_by_program. The verdict: granted, with the
        value, nobody for a key that the program does not know, else a fault. False: too
        many wait for it, or it cannot be reached.
        """
    def read_map(self, number: int, vhost_index: int) -> bool:
        """Have Core.map_read called in a thread, then Core.map_taken in the loop's.

        False: the file is to be read at once.
        """
    def ask_name(self, client: str, both_ways: bool, place: int, number: int) -> None:
        """Begin a look-up (HostnameLookups); Core.name_answer ends it, always.

        both_ways: the name must lead back to the client's address.
        """
    def log(
        self,
        level: str,
        module: str,
        vhost_index: int,
        client: str,
        error_number: int,
        text: str,
        about: tuple[Mapping[Item, str], bool, bool, bool] | None = None,
    ) -> bool:
        """One line for the error log; text begins with its AH number if it has one.

        about: what facts.error_format.About holds. False: it is not wanted.
        """
    def tls_variables(
        self, names: Sequence[str], ssl: int, vhost_index: int
    ) -> Sequence[bytes | None]:
        """The SSL_* variables of a connection (address of its SSL); None: no such."""
    def drained(self) -> None:
        """The last connection of a draining worker has gone."""
    def lone(self) -> None:
        """A draining worker has nothing but tunnels; told at every tick."""
    def recycle(self) -> None:
        """MaxConnectionsPerChild connections were accepted; ask for a successor."""

class ServerHandle(Protocol):
    """Addresses of SSL_CTX of one virtual host (tls/handles.py)."""

    @property
    def session_context(self) -> int: ...
    @property
    def certificate_context(self) -> int: ...

class TlsHandles(Protocol):
    """The TLS library and its contexts, as addresses (tls/handles.py)."""

    @property
    def functions(self) -> Mapping[str, int]: ...
    @property
    def servers(self) -> Sequence[ServerHandle | None]: ...
    @property
    def members(self) -> Sequence[int | None]: ...
    @property
    def ciphers(self) -> Mapping[str, Sequence[str]]: ...

@final
class Looks:
    """The flags of some members as they were seen last."""

    def __init__(self, table: Table, slots: Sequence[int]) -> None: ...
    def changed(self) -> list[int]:
        """Slots of those whose flags are others since the last call; at first all."""

@final
class Knocks:
    """Members that refuse connections, asked until one of them does not."""

    def __init__(self, table: Table, least_us: int, most_us: int, share: int) -> None:
        """Each is asked again after a share of the time that it is out, but no sooner
        and no later than that."""
    def waiting(self) -> int:
        """How many are asked."""
    def add(self, slot: int, since_us: int, due_us: int) -> None:
        """Out since then, to be asked at due_us; once. By CLOCK_MONOTONIC."""
    def turn(self, now_us: int, room: int) -> list[tuple[int, int, int, int]]:
        """Ask all that are due. Those that do not refuse, room at most, are the
        caller's from here on: (slot, descriptor, place among the addresses, number):
        0, it is connected, or EALREADY. -1: it is not to be asked any more."""

@final
class Staples:
    """OCSP answers for the certificates of one context, in memory that all share."""

    count: int
    address: int  # what the library hands to the callback (set_tlsext_status_arg)
    callback: int  # the C function for SSL_CTX_set_tlsext_status_cb

    def __init__(
        self, certificates: Sequence[int], functions: Mapping[str, int]
    ) -> None:
        """certificates: addresses of the X509 as the context holds them.

        functions: those of STAPLE_FUNCTIONS, by name. The mapping lives as long as
        the object, and is inherited by every process forked meanwhile.
        """
    def put(self, index: int, answer: bytes, expires_s: int) -> None:
        """Send it with this certificate until expires_s (since 1970); b"": nothing."""
    def get(self, index: int, now_s: int) -> bytes | None:
        """What a handshake at this moment would get."""

def fill_holes() -> int:
    """Take the free blocks that lie among objects, so that a forked process puts new
    ones elsewhere (core/flow/arenas.h); how many there were."""

def free_holes() -> None:
    """Give them back: this process is to use them itself."""

@final
class Core:
    """The data path of one worker."""

    fd: int  # the epoll set; readable when there is work

    def __init__(
        self,
        model: Model,
        table: Table,
        slot: int,
        member_slots: Sequence[int],
        balancer_slots: Sequence[int],
        listener_fds: Sequence[int],
        log_fds: Sequence[int],
        services_given: Services,
        tls_handles: TlsHandles | None,
    ) -> None: ...
    def share_descriptors(self, clients: int, members: int, pipes: int) -> None:
        """How many this process has for each; without this call there is no bound."""
    def on_ready(self) -> bool:
        """Handle what is ready, within bounds; True when more is waiting."""
    def on_tick(self) -> bool:
        """Sweep timeouts, flush logs; call about every 100 ms. True: as on_ready."""
    def accept(self) -> None:
        """Begin to accept connections."""
    def drain(self) -> None:
        """Stop accepting; finish what there is; Services.drained() when done."""
    def abort(self) -> None:
        """Close everything at once."""
    def go_on_alone(self, pipe: int, ends_us: int) -> NoReturn:
        """Serve tunnels to their end without the interpreter, then end the process.

        To be called when Services.lone() was, in a process of one thread, with no
        loop left. pipe: to the master, for MESSAGE_LONE and its kin. ends_us:
        CLOCK_MONOTONIC at which those still there are cut; 0: never.
        """
    def host_answer(
        self, asker: tuple[int, int], names_number: int, allowed: bool
    ) -> None:
        """What ask_host found; connection or request may have gone meanwhile."""
    def verdict_answer(
        self,
        connection: int,
        request: int,
        verdict: int,
        keep: bool,
        found: bytes = b"",
    ) -> None:
        """What ask_verdict found: VERDICT_* of core/plan/verdicts.pxd.

        keep: it holds as long as the file is what it is. found: what the question is
        for beside it, of ASKS_HASH the hash.
        """

    def map_read(self, number: int) -> bool:
        """Read the file of a RewriteMap (Services.read_map); in any thread. Blocks."""
    def map_taken(self, number: int, vhost_index: int, is_read: bool) -> None:
        """What was read holds from now on. False: map_read was not called, or failed;
        it is asked for again."""
    def address_answer(
        self, connection: int, request: int, addresses: Sequence[tuple[str, int]]
    ) -> None:
        """What ask_address found, in the order to try; none: there is no such name."""
    def name_answer(self, place: int, number: int, name: str) -> None:
        """What ask_name found; "": there is no name."""
    def replace_log_fd(self, index: int, fd: int) -> None: ...
    def counts(self) -> dict[str, int]:
        """Live objects: downstreams, upstreams, exchanges, buffers, idle ..."""

@final
class Explainer:
    """What would become of requests (core/flow/explain.pyx): no socket is opened.

    There is one plan in a process: a Core or an Explainer that is made later takes its
    place.
    """

    def __init__(
        self,
        model: Model,
        table: Table,
        member_slots: Sequence[int],
        balancer_slots: Sequence[int],
    ) -> None: ...
    def explain(
        self,
        asked: bytes,
        listener: int,
        remote: bytes,
        local: bytes,
        name: bytes = b"",
        names: Mapping[int, bool] = ...,
        chance: int = 0,
        verdicts: Sequence[tuple[int, bytes]] = ...,
    ) -> dict[str, Any]:
        """What is decided about a request with that head.

        listener     index into Model.listeners
        remote, local  16 bytes, IPv4 as ::ffff:a.b.c.d
        name         that the handshake names; b"": none
        names        what look-ups found, by the number that "wait" has told
        verdicts     the answers to the questions that "wait" has told, in their order

        what         member, redirect, handler, tunnel, here, nothing, error, or wait:
                     names and forward are to be looked up, under number; or a
                     question (Services.ask_verdict) is to be answered; or asked is
                     an AuthRequest that is to be
        status, because, location, handler  of what is answered here
        tls, vhost, vhosts, vhost_named     who was spoken to: indexes of Model.vhosts
        path, target, misread, excluded     what was asked for, and is asked for there
        challenge    WWW-Authenticate of a 401
        sections     those that apply: indexes into VHost.sections, -1: the host's own
        mapping      (section, -1), (-1, index into VHost.mappings), (-2, index into
                     VHost.rewrite.targets), or (section, -3) by its SetHandler
        rules        what rules of mod_rewrite did, as LogLevel rewrite:trace4 has it
        considered   (section, number, matches, serves) in the order of trying
        access       (section, verdicts in prefix order: 1, 0, or -1 no say)
        redirect     (section, number); None: a rule's
        env, env_rules       variables; (section, "if" or "set", number) that set them
        balancer, member     indexes, -1: none
        session, route, from_url, by_route, forced, upgrade   of the election
        header_rules         (section, number) of RequestHeader that changed something
        head         what goes out to the member
        """
    def document(self, status: int) -> tuple[int, int, bytes | None] | None:
        """The ErrorDocument of a status for the request that was just explained:
        section, its number there, and '"text', path or URL (None, b"": the page that
        is built in); None: there is none."""
    def answer(self, given: bytes) -> bytes | int:
        """The head that the client gets of that head of the member that was just asked;
        or the status that takes its place."""

TLS_FUNCTIONS: tuple[str, ...]
STAPLE_FUNCTIONS: tuple[str, ...]
STAPLE_ANSWER_MAX: int
