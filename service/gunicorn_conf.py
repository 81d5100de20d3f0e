"""gunicorn's configuration: `gunicorn --config service/gunicorn_conf.py`."""

import os
import sys

from service.web.settings import Settings, SettingsError

try:
    _settings = Settings.from_environment()
except SettingsError as error:
    sys.exit(f"barchasb: {error}")

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

wsgi_app = "service.wsgi:application"
bind = f"{_host}:{_settings.port}"
workers = _settings.workers
worker_class = "service.web.worker.ProblemWorker"  # threads
threads = 4
# The model is loaded and the kernel compiled once; workers are forks that share both.
preload_app = True

timeout = 30
graceful_timeout = 10
keepalive = 5

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# A worker's heartbeat on a disk may stall; memory does not.
_memory = "/dev/shm"  # noqa: S108 - gunicorn makes its own file in it, unlinked
worker_tmp_dir = _memory if os.access(_memory, os.W_OK) else None
# It would be a socket file in the home folder, for a tool that is not used here.
control_socket_disable = True

loglevel = _settings.log_level
accesslog = "-"
errorlog = "-"
logger_class = "service.web.worker.OneLineLogger"
# The path without its query: what a caller wrote there does not belong in a log.
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(M)sms %({x-request-id}o)s'
