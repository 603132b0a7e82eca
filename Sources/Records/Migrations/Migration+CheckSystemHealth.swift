extension Migration {
    /// The function `check_system_health()`: the database's own view, without Vitals.
    ///
    /// - It runs with the caller's rights. Its search path is the catalogue, then the schema it was made in, then `pg_temp`: nobody
    ///   can put a table of theirs in between.
    /// - Every reading stands in a block of its own: a missing table or extension, a missing right or a locked table costs that
    ///   reading (NULL) and no other. A statement time-out still ends the call.
    /// - A table that someone holds or wants exclusively (ALTER TABLE, VACUUM FULL) is left out of the largest tables: asking for
    ///   its size would wait.
    static let checkSystemHealth = Migration(
        version: 2, name: "check_system_health",
        up: [
            #"""
            CREATE FUNCTION check_system_health() RETURNS JSONB
            LANGUAGE plpgsql VOLATILE SECURITY INVOKER PARALLEL UNSAFE
            SET search_path = pg_catalog, pg_temp
            SET lock_timeout = '2s'
            AS $function$
            DECLARE
              moment CONSTANT TIMESTAMPTZ := clock_timestamp();
              mib CONSTANT NUMERIC := 1048576;
              sees_all BOOLEAN := false;
              size_mb NUMERIC;
              connections BIGINT;
              connections_all BIGINT;
              connections_usable BIGINT;
              active BIGINT;
              idle BIGINT;
              slow BIGINT;
              tables JSONB;
              average_ms NUMERIC;
              errors BIGINT;
              version TEXT;
              commits BIGINT;
              rollbacks BIGINT;
              commits_before BIGINT;
              rollbacks_before BIGINT;
              statements_schema NAME;
              status TEXT := 'healthy';
              reasons TEXT[] := '{}';
              warnings TEXT[] := '{}';
            BEGIN
              BEGIN
                size_mb := round(pg_database_size(current_database()) / mib, 2);
              EXCEPTION WHEN OTHERS THEN NULL;
              END;

              BEGIN
                -- Without pg_read_all_stats other roles' sessions are counted, but what they do is hidden.
                SELECT pg_has_role('pg_read_all_stats', 'USAGE') OR bool_and(pg_has_role(a.usesysid, 'USAGE')) IS NOT FALSE
                  INTO sees_all FROM pg_stat_activity a WHERE a.datname = current_database() AND a.usesysid IS NOT NULL;
                SELECT count(*), count(*) FILTER (WHERE a.datname = current_database()),
                    count(*) FILTER (WHERE a.datname = current_database() AND a.state = 'active'),
                    count(*) FILTER (WHERE a.datname = current_database() AND a.state = 'idle'),
                    count(*) FILTER (WHERE a.datname = current_database() AND a.state = 'active'
                      AND a.pid <> pg_backend_pid() AND moment - a.query_start > interval '100 milliseconds')
                  INTO connections_all, connections, active, idle, slow
                  FROM pg_stat_activity a WHERE a.datid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend';
                IF NOT sees_all THEN
                  active := NULL; idle := NULL; slow := NULL;
                END IF;
                connections_usable := current_setting('max_connections')::bigint
                  - current_setting('superuser_reserved_connections')::bigint
                  - coalesce(current_setting('reserved_connections', true), '0')::bigint;
              EXCEPTION WHEN OTHERS THEN NULL;
              END;

              BEGIN
                SELECT jsonb_object_agg(t.name, t.bytes ORDER BY t.bytes) INTO tables FROM (
                  SELECT CASE WHEN s.schemaname = 'public' THEN s.relname::text ELSE s.schemaname || '.' || s.relname END AS name,
                      pg_total_relation_size(s.relid) AS bytes
                    FROM pg_stat_user_tables s
                    WHERE NOT EXISTS (SELECT FROM pg_locks l WHERE l.relation = s.relid AND l.mode = 'AccessExclusiveLock'
                      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
                    ORDER BY bytes DESC NULLS LAST, name LIMIT 20) t
                  WHERE t.bytes IS NOT NULL;
              EXCEPTION WHEN OTHERS THEN NULL;
              END;

              BEGIN
                SELECT n.nspname INTO statements_schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                  WHERE e.extname = 'pg_stat_statements';
                IF statements_schema IS NOT NULL THEN
                  EXECUTE format('SELECT round((sum(s.total_exec_time) / nullif(sum(s.calls), 0))::numeric, 2)
                    FROM %I.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()',
                    statements_schema) INTO average_ms;
                END IF;
              EXCEPTION WHEN OTHERS THEN NULL;
              END;

              BEGIN
                IF to_regclass('audit_logs') IS NOT NULL THEN
                  EXECUTE 'SELECT count(*) FROM audit_logs WHERE NOT success AND "timestamp" > $1 AND "timestamp" <= $2'
                    INTO errors USING moment - interval '1 hour', moment;
                END IF;
              EXCEPTION WHEN OTHERS THEN NULL;
              END;

              BEGIN
                IF to_regclass('app_config') IS NOT NULL THEN
                  EXECUTE $sql$SELECT config_value #>> '{}' FROM app_config WHERE config_key = 'app_version' LIMIT 1$sql$ INTO version;
                END IF;
              EXCEPTION WHEN OTHERS THEN NULL;
              END;
              version := coalesce(nullif(version, ''), 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1));

              BEGIN
                SELECT d.xact_commit, d.xact_rollback INTO commits, rollbacks
                  FROM pg_stat_database d WHERE d.datname = current_database();
                SELECT (h.metrics ->> 'xact_commit')::bigint, (h.metrics ->> 'xact_rollback')::bigint
                  INTO commits_before, rollbacks_before
                  FROM system_health h WHERE h."timestamp" > moment - interval '1 hour' AND h."timestamp" <= moment
                    AND jsonb_typeof(h.metrics -> 'xact_commit') = 'number' AND jsonb_typeof(h.metrics -> 'xact_rollback') = 'number'
                  ORDER BY h."timestamp" DESC LIMIT 1;
              EXCEPTION WHEN OTHERS THEN NULL;
              END;

              IF connections_all >= connections_usable * 0.95 THEN
                reasons := reasons || format('%s of %s connections', connections_all, connections_usable);
              ELSIF connections_all > connections_usable * 0.8 THEN
                warnings := warnings || format('%s of %s connections', connections_all, connections_usable);
              END IF;
              IF errors >= 100 THEN
                reasons := reasons || format('%s errors in the last hour', errors);
              ELSIF errors >= 10 THEN
                warnings := warnings || format('%s errors in the last hour', errors);
              END IF;
              IF slow >= 10 THEN
                warnings := warnings || format('%s slow queries', slow);
              END IF;
              IF commits >= commits_before AND rollbacks > rollbacks_before
                AND commits - commits_before + rollbacks - rollbacks_before >= 100
                AND (rollbacks - rollbacks_before) * 10 > commits - commits_before + rollbacks - rollbacks_before THEN
                warnings := warnings || format('%s rollbacks and %s commits since the last row',
                  rollbacks - rollbacks_before, commits - commits_before);
              END IF;
              IF cardinality(reasons) > 0 THEN
                status := 'degraded';
              ELSIF cardinality(warnings) > 0 THEN
                status := 'warning';
              END IF;

              IF current_setting('transaction_read_only') = 'on' THEN
                RAISE WARNING 'no system_health row was stored: this session is read-only';
              ELSE
                INSERT INTO system_health ("timestamp", db_connections_active, db_connections_idle, db_size_mb, largest_tables,
                    avg_query_time_ms, slow_queries_count, errors_last_hour, metrics)
                  -- CASE and not least(): that one passes NULL over and would store the limit for a value that is not known.
                  VALUES (moment, CASE WHEN active > 2147483647 THEN 2147483647 ELSE active END,
                    CASE WHEN idle > 2147483647 THEN 2147483647 ELSE idle END,
                    CASE WHEN size_mb > 99999999.99 THEN 99999999.99 ELSE size_mb END, tables,
                    CASE WHEN average_ms > 99999999.99 THEN 99999999.99 ELSE average_ms END,
                    CASE WHEN slow > 2147483647 THEN 2147483647 ELSE slow END,
                    CASE WHEN errors > 2147483647 THEN 2147483647 ELSE errors END,
                    jsonb_strip_nulls(jsonb_build_object('source', 'check_system_health', 'status', status,
                      'reasons', to_jsonb(reasons || warnings), 'connections_total', connections_all,
                      'connections_usable', connections_usable, 'xact_commit', commits, 'xact_rollback', rollbacks)));
              END IF;

              RETURN jsonb_build_object('status', status,
                'database', jsonb_build_object('size_mb', size_mb, 'connections', connections),
                'errors_last_hour', errors, 'version', version);
            END
            $function$
            """#,
            // Where the table is: the schema in which this runs.
            """
            DO $path$
            BEGIN
              EXECUTE format('ALTER FUNCTION check_system_health() SET search_path = pg_catalog, %I, pg_temp', current_schema());
            END
            $path$
            """,
            """
            COMMENT ON FUNCTION check_system_health() IS
            'Reads the state of this database, stores it as a row of system_health and answers {status, database: {size_mb, connections}, errors_last_hour, version}. Needs nothing but the database.
            status: degraded when the client connections of the server reach 95 % of those usable (max_connections less the reserved ones) or the last hour has 100 errors or more; warning when they are over 80 %, or the last hour has 10 errors or more, or 10 or more statements have run for over 100 ms, or more than 10 % of the transactions since the newest row of the last hour were rolled back (of at least 100); healthy otherwise. The reasons stand in the row''s metrics.
            database: size in units of 1,048,576 bytes and client connections of this database, the caller''s among them.
            errors_last_hour: events of audit_logs with success = false; null when there is no such table, never 0.
            version: app_version of app_config, or that of the server as ''PostgreSQL 15.4''.
            What the caller may not see or does not exist is null. Runs with the caller''s rights: INSERT and SELECT on system_health are needed, pg_monitor to see other roles'' sessions. In a read-only session it answers with a warning and stores no row.'
            """,
        ],
        down: ["DROP FUNCTION check_system_health()"])
}
