-- Requests for approval and what each of the named people has answered.

-- +goose Up
CREATE TABLE approvals (
    ticket       BIGINT NOT NULL,
    seq          BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('pending', 'approved', 'refused', 'withdrawn')),
    state_seq    BIGINT NOT NULL,
    by_person    TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (ticket, seq),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq),
    FOREIGN KEY (ticket, state_seq) REFERENCES entries (ticket, seq),
    FOREIGN KEY (ticket, conversation) REFERENCES conversations (ticket, seq)
);

CREATE TABLE approvers (
    ticket   BIGINT NOT NULL,
    approval BIGINT NOT NULL,
    person   TEXT   NOT NULL,
    n        BIGINT NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('pending', 'approved', 'refused')),
    seq      BIGINT NOT NULL,
    PRIMARY KEY (ticket, approval, person),
    FOREIGN KEY (ticket, approval) REFERENCES approvals (ticket, seq),
    FOREIGN KEY (ticket, seq) REFERENCES entries (ticket, seq)
);
CREATE INDEX approvers_waiting ON approvers (person) WHERE state = 'pending';

-- +goose Down
SELECT 'a record of truth is not migrated down: restore a backup instead';
