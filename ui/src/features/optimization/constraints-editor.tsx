import { ActionIcon, Button, TextInput } from "@mantine/core";
import type { Dispatch } from "react";
import { CrossIcon, PlusIcon } from "../../components/icons.tsx";
import styles from "./constraints-editor.module.css";
import { type ConstraintRow, draftLimits } from "./draft.ts";
import type { OptimizationAction } from "./optimization-reducer.ts";

interface ConstraintsEditorProps {
  rows: ConstraintRow[];
  /** By row id. */
  problems: ReadonlyMap<number, string>;
  dispatch: Dispatch<OptimizationAction>;
}

/** Name and value rows that go to the agent with every run. */
export function ConstraintsEditor({ rows, problems, dispatch }: ConstraintsEditorProps) {
  return (
    <fieldset className={styles.editor}>
      <legend>Constraints</legend>
      {rows.length === 0 && <p className={styles.none}>None. The agent applies its own policies only.</p>}
      <ul>
        {rows.map((row, index) => (
          <li key={row.id}>
            <TextInput
              aria-label={`Constraint ${index + 1} name`}
              placeholder="name"
              value={row.name}
              maxLength={draftLimits.nameLength}
              error={problems.get(row.id)}
              onChange={(event) =>
                dispatch({
                  type: "constraint_changed",
                  id: row.id,
                  change: { name: event.currentTarget.value },
                })
              }
            />
            <TextInput
              aria-label={`Constraint ${index + 1} value`}
              placeholder="value"
              value={row.value}
              maxLength={draftLimits.valueLength}
              onChange={(event) =>
                dispatch({
                  type: "constraint_changed",
                  id: row.id,
                  change: { value: event.currentTarget.value },
                })
              }
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={36}
              aria-label={`Remove constraint ${row.name || index + 1}`}
              onClick={() => dispatch({ type: "constraint_removed", id: row.id })}
            >
              <CrossIcon />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<PlusIcon />}
        disabled={rows.length >= draftLimits.constraints}
        onClick={() => dispatch({ type: "constraint_added" })}
      >
        Add constraint
      </Button>
    </fieldset>
  );
}
