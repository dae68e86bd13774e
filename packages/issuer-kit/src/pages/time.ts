import { type Html, html } from "./html.ts";

/**
 * A time, in UTC and without today's date. {@link LOCAL_TIMES} shows it in the browser's time zone.
 *
 * @param seconds Unix seconds
 */
export function timeOf(seconds: number): Html {
  const at = new Date(seconds * 1000).toISOString();
  const isToday = at.slice(0, 10) === new Date().toISOString().slice(0, 10);
  return html`<time datetime="${at}">${isToday ? undefined : `${at.slice(0, 10)} `}${at.slice(11, 16)} UTC</time>`;
}

/** Script that shows a page's times in the browser's time zone. */
export const LOCAL_TIMES = `function localTimes() {
  for (const time of document.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const isToday = at.toDateString() === new Date().toDateString();
    time.textContent = at.toLocaleString([], {
      ...(!isToday && { month: "short", day: "numeric" }),
      hour: "2-digit", minute: "2-digit", timeZoneName: "short",
    });
  }
}
localTimes();`;
