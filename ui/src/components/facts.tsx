import type { HTMLAttributes, ReactNode } from "react";

export interface Fact {
  name: string;
  value: ReactNode;
  /** What the name means. */
  meaning?: string | undefined;
}

interface FactsProps extends HTMLAttributes<HTMLDListElement> {
  facts: readonly Fact[];
  /** `facts` beside each other; `table` one a line. */
  className: string;
  /** The names are those of fields or claims. */
  isCode?: boolean;
}

/** Names with their values. */
export function Facts({ facts, isCode, ...attributes }: FactsProps) {
  return (
    <dl {...attributes}>
      {facts.map(({ name, value, meaning }) => (
        <div key={name}>
          <dt>
            {isCode ? <code>{name}</code> : name}
            {meaning && <span>{meaning}</span>}
          </dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
