import type { Message, ProtocolRun, Verdict } from "aauth-explain/run";
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { inPlace } from "../../components/in-place.ts";
import { partyColour } from "../../components/party-colour.ts";
import type { PollGroup } from "../../components/poll-groups.ts";
import { messageByKey } from "./message-by-key.ts";
import { spokenMessage } from "./message-wording.ts";
import { layOutSequence, leastWidth, type Row } from "./sequence-layout.ts";
import styles from "./sequence-picture.module.css";

interface SequencePictureProps {
  run: ProtocolRun;
  openId: string | undefined;
  /** URL of a message; absent if messages have none. */
  hrefOf?: ((message: Message) => string) | undefined;
  /** Groups of polls drawn as one row each. Default: none. */
  folded?: readonly PollGroup[];
  /** Default: all messages of the run. */
  stops?: readonly Message[];
  /** Whether a replay is at the open message. Later ones are faint. */
  isReplay?: boolean;
  /** Text of a message in the list. Default: route, signature and answer. */
  spokenOf?: ((message: Message, total: number) => string) | undefined;
  /** Called when the user selects a message with the pointer. Default: `onStep`. */
  onPick?: (message: Message) => void;
  /** Called when the user selects a message with the keyboard. */
  onStep: (message: Message) => void;
}

/** Sequence diagram with one link per message on top of it. */
export function SequencePicture(props: SequencePictureProps) {
  const { run, openId, hrefOf, folded = [], isReplay = false, onStep, onPick = onStep } = props;
  const { spokenOf = spokenMessage } = props;
  const box = useRef<HTMLDivElement>(null);
  const links = useRef(new Map<string, HTMLElement | null>());
  const width = Math.max(leastWidth(run.parties.length), useWidth(box));
  const { columns, rows, headerHeight, height, isNarrow } = layOutSequence(run, width, folded);
  const total = run.messages.length;
  const messages = props.stops ?? run.messages;
  const at = messages.findIndex(({ id }) => id === openId);
  const stop = messages[Math.max(at, 0)]?.id;
  const next = messages[at + 1];
  const future = isReplay && next ? rows.findIndex(({ message }) => message === next) : rows.length;

  const onKeyDown = (event: KeyboardEvent) => {
    const message = messageByKey(event, messages, stop);
    if (message === undefined) return;
    event.preventDefault();
    onStep(message);
    links.current.get(message.id)?.focus();
  };

  return (
    <div className={styles.picture} ref={box} data-testid="sequence-picture">
      <svg
        data-narrow={isNarrow}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        aria-hidden="true"
      >
        {rows.map((row) => (
          <rect
            key={row.key}
            className={styles.band}
            data-open={row.message.id === openId}
            x={0}
            y={row.top}
            width={width}
            height={row.height}
          />
        ))}
        {columns.map(({ party, x, lines }) => (
          <g key={party.id}>
            <line className={styles.lifeline} x1={x} x2={x} y1={headerHeight} y2={height} />
            <text
              className={styles.party}
              style={{ fill: partyColour(party.id) }}
              x={x}
              y={12}
              textAnchor="middle"
            >
              {lines.map((text, index) => (
                <tspan key={text} x={x} dy={index === 0 ? 0 : 14}>
                  {text}
                </tspan>
              ))}
            </text>
          </g>
        ))}
        {rows.map((row, index) => (
          <Arrow key={row.key} row={row} isFuture={index >= future} />
        ))}
      </svg>
      <ol
        className={styles.links}
        style={{ width }}
        aria-label="Messages, in the order they were sent"
        onKeyDown={onKeyDown}
      >
        {rows.map(({ message, kind, key, top, height }) => (
          <li key={key} aria-hidden={kind === "response" ? "true" : undefined}>
            <Place
              href={hrefOf?.(message)}
              style={{ top, height }}
              elementRef={(element) => {
                if (kind !== "response") links.current.set(message.id, element);
              }}
              isOpen={kind !== "response" && message.id === openId}
              tabIndex={kind !== "response" && message.id === stop ? 0 : -1}
              onPick={() => onPick(message)}
            >
              {kind === "response" ? `The response to message ${message.number}` : spokenOf(message, total)}
            </Place>
          </li>
        ))}
      </ol>
    </div>
  );
}

interface PlaceProps {
  href: string | undefined;
  style: { top: number; height: number };
  elementRef: (element: HTMLElement | null) => void;
  isOpen: boolean;
  tabIndex: number;
  onPick: () => void;
  children: string;
}

/** Overlay of a row of the diagram: a link if the message has a URL, otherwise a button. */
function Place({ href, style, elementRef, isOpen, tabIndex, onPick, children }: PlaceProps) {
  const shared = {
    className: styles.place,
    ref: elementRef,
    style,
    tabIndex,
    "aria-current": isOpen || undefined,
    onClick: inPlace(onPick),
    children: <span className="spoken">{children}</span>,
  };
  return href === undefined ? <button type="button" {...shared} /> : <a href={href} {...shared} />;
}

function Arrow({ row, isFuture }: { row: Row; isFuture: boolean }) {
  const { message, kind, path, head, label, marks, passes } = row;
  return (
    <g
      className={styles.arrow}
      data-kind={kind}
      data-future={isFuture}
      data-outcome={kind === "response" ? message.outcome : undefined}
      data-signed={message.signer !== undefined}
    >
      <path d={path} />
      {/* A separate path, because a marker does not take the line's colour in every browser. */}
      <path className={styles.head} d={head} />
      <text x={label.x} y={label.y} textAnchor="middle">
        {label.text}
      </text>
      {passes.map(({ x, y }) => (
        <circle key={x} className={styles.pass} cx={x} cy={y} r={3} />
      ))}
      {marks.map(({ x, y, verdict }) => (
        <VerdictMark key={`${x} ${y}`} x={x} y={y} verdict={verdict} />
      ))}
    </g>
  );
}

const glyphs: Record<Verdict, string> = {
  passed: "m-3.2 0.2 2.4 2.4 4-5",
  challenged: "m-3 0 h6",
  refused: "m-2.6 -2.6 5.2 5.2 m0 -5.2 l-5.2 5.2",
  undecided: "m-3 0 h6",
};

function VerdictMark({ x, y, verdict }: { x: number; y: number; verdict: Verdict }) {
  return (
    <g className={styles.mark} data-verdict={verdict}>
      <circle cx={x} cy={y} r={7} />
      <path className={styles.glyph} d={`M${x} ${y} ${glyphs[verdict]}`} />
    </g>
  );
}

/** Available width in pixels. */
function useWidth(box: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(600);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = () => setWidth(Math.floor(element.clientWidth));
    // An observer reports after the first frame, which would be cut off.
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box]);
  return width;
}
