"""The post office: writes each mail once, sends it until the outside world took it."""
