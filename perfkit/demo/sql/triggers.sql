-- What the database keeps up to date by itself, from here on.

CREATE FUNCTION alumni.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER people_touch BEFORE UPDATE ON alumni.people
FOR EACH ROW EXECUTE FUNCTION alumni.touch();

-- The first argument of the trigger is the table's key column
CREATE FUNCTION alumni.audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'search' END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'search' END;
    old_values jsonb := old_row;
    new_values jsonb := new_row;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, old_row -> key), jsonb_object_agg(key, value)
        INTO old_values, new_values
        FROM jsonb_each(new_row)
        WHERE value IS DISTINCT FROM old_row -> key;
    END IF;
    INSERT INTO alumni.audit_log (table_name, row_id, action, actor, old_values, new_values)
    VALUES (TG_TABLE_NAME, (coalesce(new_row, old_row) ->> TG_ARGV[0])::bigint, lower(TG_OP)::alumni.audit_action,
            coalesce(nullif(current_setting('alumni.actor', true), ''), session_user), old_values, new_values);
    RETURN NULL;
END
$$;

CREATE TRIGGER people_audit AFTER INSERT OR UPDATE OR DELETE ON alumni.people
FOR EACH ROW EXECUTE FUNCTION alumni.audit('person_id');
CREATE TRIGGER gifts_audit AFTER INSERT OR UPDATE OR DELETE ON alumni.gifts
FOR EACH ROW EXECUTE FUNCTION alumni.audit('gift_id');
CREATE TRIGGER event_registrations_audit AFTER INSERT OR UPDATE OR DELETE ON alumni.event_registrations
FOR EACH ROW EXECUTE FUNCTION alumni.audit('registration_id');

CREATE FUNCTION alumni.count_gift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE alumni.campaigns SET raised = raised - OLD.amount WHERE campaign_id = OLD.campaign_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE alumni.campaigns SET raised = raised + NEW.amount WHERE campaign_id = NEW.campaign_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER gifts_count AFTER INSERT OR DELETE OR UPDATE OF amount, campaign_id ON alumni.gifts
FOR EACH ROW EXECUTE FUNCTION alumni.count_gift();

CREATE FUNCTION alumni.event_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := setweight(to_tsvector('english', NEW.title), 'A')
        || setweight(to_tsvector('english', NEW.description), 'B');
    RETURN NEW;
END
$$;

CREATE TRIGGER events_search BEFORE INSERT OR UPDATE OF title, description ON alumni.events
FOR EACH ROW EXECUTE FUNCTION alumni.event_document();
