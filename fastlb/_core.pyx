# cython: language_level=3
"""The compiled core: everything a request passes through.

This is the spine: the chapters in order of dependency and no logic of its own.
"""

from cython cimport final
from libc.limits cimport LLONG_MAX, LONG_MAX
from posix.stat cimport S_ISDIR, S_ISLNK, S_ISREG, lstat, stat, struct_stat
from libc.string cimport memchr, memcmp, memcpy, memmove, memset, strchr, strlen

# Before anything else takes memory of the interpreter (flow/arenas.h).
arenas_note()

# memory that all processes see
include "core/shared.pyx"

# ground: what everybody needs and nobody owns
include "core/ground/chartable.pyx"
include "core/ground/text.pyx"
include "core/ground/number.pyx"
include "core/ground/hash.pyx"
include "core/ground/free_list.pyx"
include "core/ground/list.pyx"
include "core/io/buffer.pyx"
include "core/io/writer.pyx"
include "core/ground/address.pyx"
include "core/ground/path.pyx"
include "core/ground/arena.pyx"

# io: readiness, timeouts, bytes in and out
include "core/io/timer.pyx"
include "core/io/watch.pyx"
include "core/io/date.pyx"
include "core/io/preface.pyx"
include "core/io/tls_library.pyx"
include "core/io/tls_hello.pyx"
include "core/io/tls_stream.pyx"
include "core/io/stream.pyx"
include "core/io/staples.pyx"

# http: HTTP/1.x as spans
include "core/http/fields.pyx"
include "core/http/head.pyx"
include "core/http/exit.pyx"
include "core/http/count.pyx"
include "core/http/hops.pyx"
include "core/http/host.pyx"
include "core/http/framing.pyx"
include "core/http/chunked.pyx"

# balance: the shared table; who serves
include "core/balance/table.pyx"
include "core/balance/lock.pyx"
include "core/balance/ledger.pyx"
include "core/balance/chance.pyx"
include "core/balance/lbmethods/method.pyx"
include "core/balance/lbmethods/byrequests.pyx"
include "core/balance/lbmethods/bytraffic.pyx"
include "core/balance/lbmethods/bybusyness.pyx"
include "core/balance/lbmethods/bychoice.pyx"
include "core/balance/lbmethods/methods.pyx"
include "core/balance/elect.pyx"
include "core/balance/sticky.pyx"
include "core/balance/claims.pyx"
include "core/balance/table_slots.pyx"

# the callables of the worker
include "core/seam.pyx"

# plan: the model in C, look-ups and rules over it
include "core/plan/regex_steps.pyx"
include "core/plan/regex.pyx"
include "core/plan/client_names.pyx"
include "core/plan/build.pyx"
include "core/plan/template.pyx"
include "core/plan/letters.pyx"
include "core/plan/tls_names.pyx"
include "core/plan/variable_names.pyx"
include "core/plan/verdicts.pyx"
include "core/plan/access_plan.pyx"
include "core/plan/plan.pyx"
include "core/plan/client.pyx"
include "core/plan/facts.pyx"
include "core/plan/undecided.pyx"
include "core/plan/path.pyx"
include "core/plan/tls_variables.pyx"
include "core/plan/own_name.pyx"
include "core/plan/target.pyx"
include "core/plan/variables.pyx"
include "core/plan/rewrite_url.pyx"
include "core/plan/rewrite_trace.pyx"
include "core/plan/rewrite_map.pyx"
include "core/plan/rewrite_text.pyx"
include "core/plan/rewrite_cond.pyx"
include "core/plan/rewrite_effects.pyx"
include "core/plan/rewrite_index.pyx"
include "core/plan/plan_rewrite.pyx"
include "core/plan/rewriting.pyx"
include "core/plan/rewritten.pyx"
include "core/plan/match.pyx"
include "core/plan/rules.pyx"
include "core/plan/reverse.pyx"
include "core/plan/redirect.pyx"
include "core/plan/credentials.pyx"
include "core/plan/access.pyx"
include "core/plan/admission.pyx"
include "core/plan/remote_ip.pyx"
include "core/plan/reading.pyx"
include "core/plan/decide.pyx"
include "core/plan/reasons.pyx"
include "core/plan/logline.pyx"
include "core/plan/late_lines.pyx"

# flow: connections and their coupling
include "core/flow/exchange.pyx"
include "core/flow/engine.pyx"
include "core/flow/states.pyx"
include "core/flow/waiting.pyx"
include "core/flow/due.pyx"
include "core/flow/member.pyx"
include "core/flow/log_rows.pyx"
include "core/flow/service_log.pyx"
include "core/flow/services.pyx"
include "core/flow/row.pyx"
include "core/flow/read_time.pyx"
include "core/flow/heads.pyx"
include "core/flow/work.pyx"
include "core/flow/listeners.pyx"
include "core/flow/queue.pyx"
include "core/flow/attempt.pyx"
include "core/flow/downstream.pyx"
include "core/flow/upstream.pyx"
include "core/flow/pool.pyx"
include "core/flow/pipes.pyx"
include "core/flow/settle.pyx"
include "core/flow/rewrite.pyx"
include "core/flow/rewrite_answer.pyx"
include "core/flow/request.pyx"
include "core/flow/splice.pyx"
include "core/flow/tunnel.pyx"
include "core/flow/response.pyx"
include "core/flow/answer.pyx"
include "core/flow/decided.pyx"
include "core/flow/connecting.pyx"
include "core/flow/send.pyx"
include "core/flow/choose.pyx"
include "core/flow/connect.pyx"
include "core/flow/route.pyx"
include "core/flow/begin.pyx"
include "core/flow/steps.pyx"
include "core/flow/secure.pyx"
include "core/flow/upstream_events.pyx"
include "core/flow/downstream_events.pyx"
include "core/flow/accept.pyx"
include "core/flow/events.pyx"
include "core/flow/lone.pyx"

# what the command line asks
include "core/flow/explain.pyx"

# what the worker calls
include "core/core.pyx"
