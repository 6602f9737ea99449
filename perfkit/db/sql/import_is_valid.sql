-- Whether a text is a value of a type, for servers before 16: a function a type ({function}, {type}).
CREATE FUNCTION {function} (value text) RETURNS boolean LANGUAGE plpgsql STABLE AS $perfkit$
DECLARE
    -- Assigned, not cast: a cast would cut what is too long.
    valid {type};
BEGIN
    valid := value;
    RETURN true;
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
    RETURN false;
END
$perfkit$
