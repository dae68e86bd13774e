import { Fragment } from "react";

/** A name or an address that may be broken where its parts end, and not just anywhere. */
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
