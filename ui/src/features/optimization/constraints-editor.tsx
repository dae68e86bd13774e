import { ActionIcon, Button, TextInput } from "@mantine/core";
import { type Dispatch, useEffect, useRef } from "react";
import { CrossIcon, PlusIcon } from "../../components/icons.tsx";
import styles from "./constraints-editor.module.css";
import { type ConstraintRow, draftLimits } from "./draft.ts";
import type { OptimizationAction } from "./optimization-reducer.ts";

interface ConstraintsEditorProps {
  rows: ConstraintRow[];
  /** Keyed by row id. */
  problems: ReadonlyMap<number, string>;
  dispatch: Dispatch<OptimizationAction>;
}

/** Id of the field that shows a row's problem. */
export const problemFieldId = (rowId: number) => `constraint-${rowId}-name`;

/** Rows with a name and a value that are sent to the agent with every run. */
export function ConstraintsEditor({ rows, problems, dispatch }: ConstraintsEditorProps) {
  const list = useRef<HTMLUListElement>(null);
  const adder = useRef<HTMLButtonElement>(null);
  /** Finds the element to focus once the rows have changed. */
  const nextFocus = useRef<(() => HTMLElement | null) | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it runs when there is a row more or less
  useEffect(() => {
    nextFocus.current?.()?.focus();
    nextFocus.current = undefined;
  }, [rows.length]);

  const add = () => {
    nextFocus.current = () => list.current?.querySelector<HTMLElement>("li:last-child input") ?? null;
    dispatch({ type: "constraint_added" });
  };
  const remove = (id: number, index: number) => {
    nextFocus.current = () => {
      const removers = list.current?.querySelectorAll<HTMLElement>("li button") ?? [];
      return removers[Math.min(index, removers.length - 1)] ?? adder.current;
    };
    dispatch({ type: "constraint_removed", id });
  };

  return (
    <fieldset className={styles.editor}>
      <legend>Constraints</legend>
      {rows.length === 0 && <p className="small">None. The agent applies its own policies only.</p>}
      <ul ref={list} className={styles.rows}>
        {rows.map((row, index) => (
          <ConstraintFields
            key={row.id}
            row={row}
            index={index}
            problem={problems.get(row.id)}
            onChange={(change) => dispatch({ type: "constraint_changed", id: row.id, change })}
            onRemove={() => remove(row.id, index)}
          />
        ))}
      </ul>
      <Button
        ref={adder}
        variant="subtle"
        size="compact-sm"
        leftSection={<PlusIcon />}
        disabled={rows.length >= draftLimits.constraints}
        onClick={add}
      >
        Add constraint
      </Button>
    </fieldset>
  );
}

interface ConstraintFieldsProps {
  row: ConstraintRow;
  index: number;
  problem: string | undefined;
  onChange: (change: Partial<Pick<ConstraintRow, "name" | "value">>) => void;
  onRemove: () => void;
}

function ConstraintFields({ row, index, problem, onChange, onRemove }: ConstraintFieldsProps) {
  return (
    <li>
      <TextInput
        id={problemFieldId(row.id)}
        aria-label={`Constraint ${index + 1} name`}
        placeholder="name"
        value={row.name}
        maxLength={draftLimits.nameLength}
        error={problem}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <TextInput
        aria-label={`Constraint ${index + 1} value`}
        placeholder="value"
        value={row.value}
        maxLength={draftLimits.valueLength}
        onChange={(event) => onChange({ value: event.currentTarget.value })}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        size={36}
        aria-label={`Remove constraint ${row.name || index + 1}`}
        onClick={onRemove}
      >
        <CrossIcon />
      </ActionIcon>
    </li>
  );
}
