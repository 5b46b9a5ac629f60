-- One model serves mixes, whatever its kind. Of those in use side by side the set of models stays, else the newest; what was trained for
-- `segue next` alone serves no more.
DROP INDEX one_active_model_of_a_kind;
UPDATE models SET active = 0 WHERE active = 1 AND id <> COALESCE(
    (SELECT id FROM models WHERE active = 1 AND kind <> 'next-track' ORDER BY kind = 'set' DESC, id DESC LIMIT 1), 0);
CREATE UNIQUE INDEX one_active_model ON models(active) WHERE active = 1;
