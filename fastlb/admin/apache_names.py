"""Apache's words where operators and their tools read them.

Monitoring agents look for these names to the letter. They are the only place in the
code where Apache's *worker* stands for what is a member everywhere else.
"""

from __future__ import annotations

MPM = "fastlb"  # our process model has no name of Apache's
STATUS_TITLE = "Apache Status"
STATUS_HEADING = "Apache Server Status for {name} (via {address})"

# Lines of server-status?auto, in the order in which they are written.
AUTO_SERVER = (
    "ServerVersion",
    "ServerMPM",
    "Server Built",
    "CurrentTime",
    "RestartTime",
    "ParentServerConfigGeneration",
    "ParentServerMPMGeneration",
    "ServerUptimeSeconds",
    "ServerUptime",
    "Load1",
    "Load5",
    "Load15",
)
AUTO_EXTENDED = (
    "Total Accesses",
    "Total kBytes",
    "Total Duration",
    "CPUUser",
    "CPUSystem",
    "CPUChildrenUser",
    "CPUChildrenSystem",
    "CPULoad",
    "Uptime",
    "ReqPerSec",
    "BytesPerSec",
    "BytesPerReq",
    "DurationPerReq",
)
AUTO_WORKERS = ("BusyWorkers", "GracefulWorkers", "IdleWorkers", "Scoreboard")
# Behind the balancers: ours, the first with the name that Apache's event MPM gives it.
AUTO_OWN = ("ConnsTotal", "Tunnels", "WaitingRequests", "Compat")
# ... and of each balancer where requests may wait for a member.
AUTO_QUEUE = "ProxyBalancer[{0}]{1}"
AUTO_QUEUE_FIELDS = (
    *("Waiting", "WaitingMost", "Waits", "WaitMs", "WaitMsMost", "TurnedAway"),
)
AUTO_BALANCER = "ProxyBalancer[{0}]Name"
AUTO_MEMBER = "ProxyBalancer[{0}]Worker[{1}]{2}"
AUTO_MEMBER_FIELDS = ("Name", "Status", "Elected", "Busy", "Sent", "Rcvd")

# Scoreboard characters.
WAITING, STARTING, SENDING, GRACEFUL, FREE = "_", "S", "W", "G", "."
# Each character and its meaning, Apache's.
SCOREBOARD_KEY = (
    ("_", "Waiting for Connection"),
    ("S", "Starting up"),
    ("R", "Reading Request"),
    ("W", "Sending Reply"),
    ("K", "Keepalive (read)"),
    ("D", "DNS Lookup"),
    ("C", "Closing connection"),
    ("L", "Logging"),
    ("G", "Gracefully finishing"),
    ("I", "Idle cleanup of worker"),
    (".", "Open slot with no current process"),
)
