"""The generation engine: jobs, devices, memory and backends, in this process. No Qt."""
