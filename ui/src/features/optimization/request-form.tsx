import { Button, Loader, Textarea } from "@mantine/core";
import { type Dispatch, type Ref, useRef } from "react";
import { Panel } from "../../components/panel.tsx";
import { ConstraintsEditor } from "./constraints-editor.tsx";
import { type Draft, defaultPrompt, promptExcess } from "./draft.ts";
import type { OptimizationAction } from "./optimization-reducer.ts";
import styles from "./request-form.module.css";

const marketAnalysis = "perform market analysis";

interface RequestFormProps {
  draft: Draft;
  /** Constraint problems that prevented the last start, by row id. */
  problems: ReadonlyMap<number, string>;
  dispatch: Dispatch<OptimizationAction>;
  /** The prompt of the run in progress, if one is. */
  busyWith: string | undefined;
  disabled: boolean;
  headingRef: Ref<HTMLHeadingElement>;
  onStart: (prompt: string) => void;
}

/** The request form: the standard request or a custom prompt. */
export function RequestForm(props: RequestFormProps) {
  const { draft, problems, dispatch, busyWith, disabled, headingRef, onStart } = props;
  const promptField = useRef<HTMLTextAreaElement>(null);
  const isBusy = busyWith !== undefined;
  const isStandard = busyWith === defaultPrompt;

  const changePrompt = (prompt: string) => dispatch({ type: "prompt_changed", prompt });
  const excess = promptExcess(draft.prompt);
  const asksForMarket = draft.prompt.toLowerCase().includes(marketAnalysis);

  return (
    <Panel title="New optimization" headingRef={headingRef}>
      <Button
        fullWidth
        size="lg"
        px="sm"
        className="primary-action"
        disabled={disabled || isBusy}
        leftSection={isBusy && isStandard && <Loader size={18} color="currentColor" />}
        onClick={() => onStart(defaultPrompt)}
      >
        Optimize Laptop Supply Chain
      </Button>
      <p className={`small ${styles.or}`}>or in your own words</p>
      <form
        className="column"
        onSubmit={(event) => {
          event.preventDefault();
          onStart(draft.prompt);
        }}
      >
        <Textarea
          ref={promptField}
          label="Custom prompt"
          rows={3}
          value={draft.prompt}
          error={excess > 0 && `${formatCount(excess)} too long.`}
          onChange={(event) => changePrompt(event.currentTarget.value)}
        />
        <p className="small">
          “{marketAnalysis}” also calls the second agent.{" "}
          {!asksForMarket && (
            <button
              type="button"
              className="text-button"
              onClick={() => {
                changePrompt(joinSentences(draft.prompt, marketAnalysis));
                // This button goes.
                promptField.current?.focus();
              }}
            >
              Add it
            </button>
          )}
        </p>
        <Button
          type="submit"
          fullWidth
          variant="default"
          disabled={disabled || isBusy || draft.prompt.trim() === "" || excess > 0}
          leftSection={isBusy && !isStandard && <Loader size={16} color="currentColor" />}
        >
          Run Custom Optimization
        </Button>
      </form>
      <hr className={styles.rule} />
      <ConstraintsEditor rows={draft.constraints} problems={problems} dispatch={dispatch} />
      {problems.size > 0 && (
        <p className="note toned" data-tone="danger" role="alert">
          Complete the marked constraints, then start again.
        </p>
      )}
    </Panel>
  );
}

function formatCount(characters: number): string {
  return characters === 1 ? "One character" : `${characters} characters`;
}

function joinSentences(first: string, second: string): string {
  const trimmed = first.trim().replace(/[.,;]$/, "");
  return trimmed === "" ? second : `${trimmed} and ${second}`;
}
