#!/bin/sh
# Where the time of a request goes, seen from two sides.
#
#   bench/hotpath.sh scores                  Python left in the compiled core, by function
#   bench/hotpath.sh perf [SCENARIO]         a worker under load: kernel or core, and where
#   bench/hotpath.sh compare SCENARIO PROXY  the same of another proxy, to lay beside it
#
# PYTHON=... chooses the interpreter. For names of the core's functions in the profile
# the extension must not be stripped; setup.py leaves its symbols in.
#
# By hand, on a server that is running already:
#   perf record -F 4999 -g -p WORKER_PID -- sleep 10
#   perf report --no-children --sort dso           user or kernel
#   perf report --no-children --sort symbol --dsos _core.cpython-*.so
#   perf trace -s -p WORKER_PID -- sleep 2         system calls a request: 4 and a
#                                                  shared epoll_wait is all there may be
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

profile() {
    "$python" "$here/profiled.py" "${1:-small64}" "${2:-fastlb}" "${SECONDS_RECORDED:-5}"
    for by in dso symbol; do
        printf '\n== by %s ==\n' "$by"
        perf report -i "$here/build/perf.data" --stdio --no-children -g none \
            --percent-limit 0.7 --sort "$by" 2>/dev/null |
            sed '/^#/d; /^$/d; s/ *-  *- *$//'
    done
}

case "${1:-}" in
scores)
    (cd "$here/.." && [ fastlb/_core.c -nt fastlb/_core.pyx ] ||
        "$python" setup.py build_ext --inplace)
    "$python" "$here/scores.py"
    ;;
perf) profile "${2:-}" fastlb ;;
compare) profile "${2:-}" "${3:-nginx}" ;;
*)
    sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//'
    exit 2
    ;;
esac
