"""EXPLAIN's keys -> the fields of Node, Buffers and Wal that hold them."""

TEXT_FIELDS = {
    "Node Type": "type",
    "Parent Relationship": "relationship",
    "Subplan Name": "subplan_name",
    "Strategy": "strategy",
    "Partial Mode": "partial_mode",
    "Join Type": "join_type",
    "Operation": "operation",
    "Scan Direction": "scan_direction",
    "Schema": "schema",
    "Relation Name": "relation",
    "Alias": "alias",
    "Index Name": "index",
}
NUMBER_FIELDS = {"Startup Cost": "startup_cost", "Total Cost": "total_cost", "Plan Rows": "plan_rows"}
COUNT_FIELDS = {
    "Plan Width": "plan_width",
    "Workers Planned": "workers_planned",
    "Workers Launched": "workers_launched",
}
BUFFER_FIELDS = {
    f"{kind} {what} Blocks": f"{kind.lower()}_{what.lower()}"
    for kind in ("Shared", "Local")
    for what in ("Hit", "Read", "Dirtied", "Written")
} | {"Temp Read Blocks": "temp_read", "Temp Written Blocks": "temp_written"}
WAL_FIELDS = {"WAL Records": "records", "WAL FPI": "full_page_images", "WAL Bytes": "size_bytes"}
