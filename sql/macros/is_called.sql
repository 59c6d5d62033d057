-- Whether an entity goes by `words`: its name or one of its aliases, upper and lower case alike.
CREATE MACRO is_called(entity_name, aliases, words) AS
lower(entity_name) = lower(words) OR list_contains(list_transform(aliases, lambda a: lower(a)), lower(words));
