import { Button, Loader, Textarea } from "@mantine/core";
import { type Dispatch, type Ref, useId, useRef, useState } from "react";
import { BusyButton } from "../../components/busy-button.tsx";
import { ConstraintsEditor } from "./constraints-editor.tsx";
import { type Draft, defaultDraft, defaultPrompt, promptExcess } from "./draft.ts";
import type { OptimizationAction } from "./optimization-reducer.ts";
import styles from "./request-form.module.css";

const marketAnalysis = "perform market analysis";
const twoAgentsPrompt = `${defaultPrompt} and ${marketAnalysis}`;

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

/** The request form: the standard request, or a custom prompt in the collapsed settings. */
export function RequestForm(props: RequestFormProps) {
  const { draft, problems, dispatch, busyWith, disabled, headingRef, onStart } = props;
  const promptField = useRef<HTMLTextAreaElement>(null);
  const isBusy = busyWith !== undefined;
  const headingId = useId();
  const { agents = "one" } = draft;
  const standardPrompt = agents === "one" ? defaultPrompt : twoAgentsPrompt;
  const isStandard = busyWith === standardPrompt;
  // Opens the settings if they contain earlier input.
  const [isOpen, setOpen] = useState(() => !isDefault(draft));

  const changePrompt = (prompt: string) => dispatch({ type: "prompt_changed", prompt });
  const excess = promptExcess(draft.prompt);
  const asksForMarket = draft.prompt.toLowerCase().includes(marketAnalysis);

  return (
    <section className={`card ${styles.request}`} aria-labelledby={headingId}>
      <h2 id={headingId} className={styles.headline} ref={headingRef} tabIndex={-1}>
        Agents plan a laptop order for you
      </h2>
      <p>They sign each message with their own keys. Watch every one, then steal a token yourself.</p>
      <div className="line">
        <BusyButton
          size="lg"
          className="primary-action"
          disabled={disabled || (isBusy && !isStandard)}
          busy={isBusy && isStandard}
          onClick={() => onStart(standardPrompt)}
        >
          Optimize Laptop Supply Chain
        </BusyButton>
        <fieldset className="picks line">
          <legend className="spoken">Agents that take part</legend>
          {(["one", "two"] as const).map((count) => (
            <button
              key={count}
              type="button"
              aria-pressed={agents === count}
              onClick={() => dispatch({ type: "agents_picked", agents: count })}
            >
              {count === "one" ? "One agent" : "Two agents"}
            </button>
          ))}
        </fieldset>
      </div>
      <details
        className={styles.settings}
        open={isOpen}
        onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
        data-testid="settings"
      >
        <summary>Settings: your own words, and constraints</summary>
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
                  // The pressed button disappears.
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
        <ConstraintsEditor rows={draft.constraints} problems={problems} dispatch={dispatch} />
        {problems.size > 0 && (
          <p className="note toned" data-tone="danger" role="alert">
            Complete the marked constraints, then start again.
          </p>
        )}
      </details>
    </section>
  );
}

const isDefault = (draft: Draft) =>
  JSON.stringify({ ...draft, agents: undefined }) === JSON.stringify(defaultDraft);

function formatCount(characters: number): string {
  return characters === 1 ? "One character" : `${characters} characters`;
}

function joinSentences(first: string, second: string): string {
  const trimmed = first.trim().replace(/[.,;]$/, "");
  return trimmed === "" ? second : `${trimmed} and ${second}`;
}
