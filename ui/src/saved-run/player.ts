import type { SavedRun, SavedVerdict } from "aauth-explain";
import { element } from "./elements.ts";
import { messageDetail, stateInWords, titleOf } from "./message-detail.ts";

/** Time to read a row and the verdict on it. */
const STEP_MS = 4000;

/** A run with the verdict on each of its messages. */
export interface JudgedRun {
  readonly run: SavedRun;
  readonly verdicts: readonly SavedVerdict[];
}

/**
 * The messages as rows of a diagram with a column for each party, one message in full, and the
 * playback buttons.
 */
export function player({ run, verdicts }: JudgedRun): HTMLElement {
  const names = new Map(run.parties.map(({ id, name }) => [id, name]));
  const nameOf = (id: string) => names.get(id) ?? id;
  const detail = element("section", { class: "detail", "aria-label": "Message" });
  const rows = run.messages.map((_message, index) => row({ run, verdicts }, index, nameOf));
  const position = element("span", { class: "position", role: "status" });
  let at = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  /** True until a button, a row or a key is pressed. */
  let isUntouched = true;

  function show(index: number): void {
    at = Math.min(Math.max(index, 0), rows.length - 1);
    for (const [number, made] of rows.entries()) {
      made.setAttribute("aria-current", String(number === at));
      made.classList.toggle("later", number > at && timer !== undefined);
    }
    position.setAttribute("aria-live", timer === undefined ? "polite" : "off");
    position.textContent = `${at + 1} of ${rows.length}, ${stateInWords(verdicts[at]!.state)}`;
    detail.replaceChildren(messageDetail(run.messages[at]!, verdicts[at]!, { number: at + 1, nameOf }));
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    play.textContent = "▶ Play";
    show(at);
  }

  function start(): void {
    play.textContent = "❚❚ Pause";
    timer = setInterval(() => {
      if (at + 1 < rows.length) show(at + 1);
      else stop();
    }, STEP_MS);
    show(isUntouched || at + 1 === rows.length ? 0 : at);
    isUntouched = false;
  }

  const step = (by: number) => {
    if (timer !== undefined) stop();
    isUntouched = false;
    show(at + by);
  };
  const play = button("▶ Play", () => (timer === undefined ? start() : stop()));
  for (const [index, made] of rows.entries()) made.addEventListener("click", () => step(index - at));
  document.addEventListener("keydown", ({ key, target, altKey, ctrlKey, metaKey }) => {
    const scrolls = target instanceof Element && target.closest("pre") !== null;
    if (scrolls || altKey || ctrlKey || metaKey) return;
    if (key === "ArrowRight") step(1);
    if (key === "ArrowLeft") step(-1);
  });
  show(firstShown(verdicts));
  return element(
    "div",
    { class: "stage" },
    element(
      "section",
      { class: "picture", "aria-label": "Messages" },
      element(
        "div",
        { class: "buttons" },
        button("◀ Back", () => step(-1)),
        play,
        button("Step ▶", () => step(1)),
        position,
      ),
      element("p", {}, element("small", {}, "Columns, arrows and rows without ✓ show what was recorded.")),
      heads(run),
      element("ol", { class: "rows" }, ...rows.map((made) => element("li", {}, made))),
    ),
    detail,
  );
}

/**
 * The most relevant message: one that is refused here, else the last verified one, which has the
 * most to show.
 */
function firstShown(verdicts: readonly SavedVerdict[]): number {
  const refused = verdicts.findIndex(({ state }) => state === "refused");
  return refused >= 0
    ? refused
    : Math.max(
        verdicts.findLastIndex(({ state }) => state === "verified"),
        0,
      );
}

function button(text: string, onPress: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", onPress);
  return made;
}

function heads({ parties }: SavedRun): HTMLElement {
  const made = element(
    "div",
    { class: "heads", "aria-hidden": "true" },
    ...parties.map(({ name }) => element("span", {}, name)),
  );
  made.style.setProperty("--parties", String(parties.length));
  return made;
}

function row({ run, verdicts }: JudgedRun, index: number, nameOf: (id: string) => string): HTMLButtonElement {
  const { from, to } = run.messages[index]!;
  const verdict = verdicts[index]!;
  const { state } = verdict;
  const { way, what } = titleOf(run.messages[index]!, verdict, nameOf);
  const [start, end] = [from, to].map((id) => run.parties.findIndex((party) => party.id === id));
  const arrow = element("span", { class: "arrow", "data-to": end! < start! ? "left" : "right" });
  const lane = element("span", { class: "lane", "aria-hidden": "true" }, arrow);
  lane.style.setProperty("--parties", String(run.parties.length));
  arrow.style.setProperty("--from", String(Math.min(start!, end!) + 1));
  arrow.style.setProperty("--to", String(Math.max(start!, end!) + 1));
  return element(
    "button",
    { type: "button", class: "row", "data-state": state },
    element("span", { class: "way" }, `${index + 1}. ${way}`),
    element("span", { class: "what" }, what),
    element("span", { class: "badge", "data-state": state }, stateInWords(state)),
    lane,
  );
}
