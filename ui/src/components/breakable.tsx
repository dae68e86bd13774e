import { Fragment } from "react";

/** A name or URL with line breaks allowed only between its parts. */
export function Breakable({ text }: { text: string }) {
  const parts = text.split(/(?<=[/._])(?![/._])/);
  return parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a text that does not change
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
