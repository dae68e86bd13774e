import type { Message, ProtocolRun, UserNames } from "aauth-explain/run";
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { pollGroups } from "../../components/poll-groups.ts";
import { messageByPageKey } from "./message-by-key.ts";
import { MessageDetail } from "./message-detail.tsx";
import type { TabName } from "./message-tabs.tsx";
import { type MostTelling, mostTelling } from "./most-telling.ts";
import { Player } from "./player.tsx";
import styles from "./protocol-view.module.css";
import { SequencePicture } from "./sequence-picture.tsx";
import { useReplay } from "./use-replay.ts";

interface ProtocolViewProps {
  run: ProtocolRun;
  /** Display names of users. Default: none. */
  nameOf?: UserNames;
  /** Whether the trace is complete. Default true. */
  isFinished?: boolean;
  /** Whether a replay starts automatically in a browser that has not shown one. Default false. */
  isReplayed?: boolean;
  /** The message opened by the user or a replay. */
  openId: string | undefined;
  /** URL of a message; absent if messages have none. */
  hrefOf?: (message: Message) => string;
  onOpen: (message: Message) => void;
  /** How the messages of a file are shown. Default: as the run has them. */
  saved?: SavedMessages;
}

/** How a file's messages are shown beside the drawing, which is as recorded. */
export interface SavedMessages {
  readonly sentenceOf: (message: Message) => string;
  readonly spokenOf: (message: Message, total: number) => string;
  readonly renderDetail: (message: Message) => ReactNode;
}

/** Location of the signing key, by the scheme of Signature-Key. */
const SCHEMES: Readonly<Record<string, string>> = {
  hwk: "the request has the key",
  jwks: "the sender publishes the key",
  jwks_uri: "the sender publishes the key",
  jwt: "a token names the key",
};

const noNames: UserNames = () => undefined;

const schemesIn = ({ messages }: ProtocolRun): string[] => [
  ...new Set(messages.flatMap(({ signer }) => signer?.scheme ?? [])),
];

/**
 * The sequence diagram of a run beside one of its messages, with the message in a sentence above
 * them.
 */
export function ProtocolView(props: ProtocolViewProps) {
  const { run, nameOf = noNames, isFinished = true, isReplayed = false, openId, hrefOf, onOpen } = props;
  const { saved } = props;
  // The selected tab is kept while stepping through messages.
  const [tab, setTab] = useState<TabName>("checks");
  const [arePollsOpen, setPollsOpen] = useState(false);
  const groups = useMemo(() => pollGroups(run.messages), [run.messages]);
  // Unfolds if the URL names a single poll.
  const isFolded = !arePollsOpen && !groups.some(([, ...others]) => others.some(({ id }) => id === openId));
  const folded = useMemo(() => (isFolded ? groups : []), [isFolded, groups]);
  const stops = useMemo(() => {
    const hidden = new Set(folded.flatMap(([, ...others]) => others));
    return run.messages.filter((message) => !hidden.has(message));
  }, [run.messages, folded]);

  const asked = run.messages.find(({ id }) => id === openId);
  const { message: open, why }: Partial<MostTelling> = asked
    ? { message: asked }
    : (mostTelling(run.messages) ?? {});
  const replay = useReplay({ stops, openId: asked?.id, onOpen, isAutomatic: isReplayed });
  const view = useSteadyHeight(replay.phase === "playing");
  const step = (message: Message) => {
    if (replay.phase === "playing") replay.pause();
    onOpen(message);
  };
  const pick = (message: Message) => {
    // Unfolds a line that represents several polls.
    if (folded.some(([first]) => first === message)) setPollsOpen(true);
    step(message);
  };

  // The arrow keys also work while the focus is outside the diagram.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const message = messageByPageKey(event, stops, open?.id);
      if (message === undefined) return;
      event.preventDefault();
      step(message);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  });

  return (
    <>
      {open && (
        <Player
          stops={stops}
          open={open}
          sentence={saved?.sentenceOf(open)}
          total={run.messages.length}
          polls={folded.find(([first]) => first === open)}
          phase={replay.phase}
          onPlay={replay.play}
          onPause={replay.pause}
          onStep={step}
        />
      )}
      <div className={styles.view} ref={view}>
        <div className={styles.picture}>
          <SequencePicture
            run={run}
            stops={stops}
            folded={folded}
            hrefOf={hrefOf}
            spokenOf={saved?.spokenOf}
            openId={open?.id}
            isReplay={replay.phase !== "off"}
            onStep={step}
            onPick={pick}
          />
          <p className="chips small">
            <span className="toned" data-verdict="passed">
              ✓ every check passed
            </span>
            <span className="toned" data-verdict="challenged">
              – asks for a token
            </span>
            <span className="toned" data-verdict="refused">
              ✕ refused
            </span>
            {schemesIn(run).map((scheme) => (
              <span key={scheme}>
                {scheme}: {SCHEMES[scheme]}
              </span>
            ))}
            {groups.length > 0 && (
              <button type="button" className="text-button" onClick={() => setPollsOpen(isFolded)}>
                {isFolded ? "Show each poll" : "Fold the polls"}
              </button>
            )}
          </p>
        </div>
        {open && saved?.renderDetail(open)}
        {open && saved === undefined && (
          <MessageDetail
            key={open.id}
            run={run}
            nameOf={nameOf}
            isFinished={isFinished}
            tab={tab}
            why={why}
            message={open}
            onTab={setTab}
          />
        )}
      </div>
    </>
  );
}

/** While it is on, the element becomes higher and never lower: what is below it stays in place. */
function useSteadyHeight(isOn: boolean): RefObject<HTMLDivElement | null> {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element) element.style.minHeight = isOn ? `${element.offsetHeight}px` : "";
  });
  return ref;
}
