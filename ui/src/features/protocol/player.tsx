import { type Message, messageSentence } from "aauth-explain/run";
import { type PollGroup, pollLabel } from "../../components/poll-groups.ts";
import styles from "./player.module.css";
import type { ReplayPhase } from "./use-replay.ts";

interface PlayerProps {
  /** Messages to step through, in order. */
  stops: readonly Message[];
  open: Message;
  /** The open message in one sentence. Default: derived from the message. */
  sentence?: string | undefined;
  /** Number of messages of the run. */
  total: number;
  /** The group of polls that the open message represents. */
  polls: PollGroup | undefined;
  phase: ReplayPhase;
  onPlay: () => void;
  onPause: () => void;
  onStep: (message: Message) => void;
}

/** Buttons to replay and step through a run, and the open message in one sentence. */
export function Player({
  stops,
  open,
  sentence = messageSentence(open),
  total,
  polls,
  phase,
  ...on
}: PlayerProps) {
  const { onPlay, onPause, onStep } = on;
  const at = stops.indexOf(open);
  const isPlaying = phase === "playing";
  return (
    <div className={styles.player} data-testid="player">
      {stops.length > 1 && (
        <div className="line nowrap">
          <Step label="Previous" target={stops[at - 1]} onStep={onStep} />
          <button type="button" className={styles.play} onClick={isPlaying ? onPause : onPlay}>
            {isPlaying ? "Pause" : "Play"}
          </button>
          <Step label="Next" target={stops[at + 1]} onStep={onStep} />
        </div>
      )}
      {/* Not announced during a replay, which is faster than speech. */}
      <p className={styles.sentence} role="status" aria-live={isPlaying ? "off" : "polite"}>
        <span className="small">
          <span className="spoken">Message </span>
          {open.number} of {total}
        </span>{" "}
        {sentence} {polls && `(${pollLabel(polls)})`}
      </p>
    </div>
  );
}

/** Button that keeps the keyboard focus at the ends, unlike a disabled button. */
function Step(props: { label: string; target: Message | undefined; onStep: (message: Message) => void }) {
  const { label, target, onStep } = props;
  return (
    <button
      type="button"
      className={styles.step}
      aria-disabled={target === undefined}
      onClick={() => target && onStep(target)}
    >
      {label}
    </button>
  );
}
