-- Models of different kinds are served side by side: one of each kind at most.
DROP INDEX one_active_model;
CREATE UNIQUE INDEX one_active_model_of_a_kind ON models(kind) WHERE active = 1;
