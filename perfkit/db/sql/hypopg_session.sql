-- What holds for every question of the session: no statement of it writes, waits or plans for long.
SELECT
    set_config('default_transaction_read_only', 'on', false),
    set_config('statement_timeout', $1, false),
    set_config('lock_timeout', $2, false)
