import type { HTMLAttributes, ReactNode } from "react";

export interface Fact {
  name: string;
  value: ReactNode;
  /** Explanation of the name. */
  meaning?: string | undefined;
}

interface FactsProps extends HTMLAttributes<HTMLDListElement> {
  facts: readonly Fact[];
  /** `facts`: side by side; `table`: one per line. */
  className: string;
  /** Whether the names are fields or claims. */
  isCode?: boolean;
}

/** List of name-value pairs. */
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
