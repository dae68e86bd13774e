import type { ReactNode } from "react";

interface FoldProps {
  title: string;
  /** Content beside the title, such as a count or a time. */
  aside?: ReactNode;
  testId?: string;
  children: ReactNode;
}

/** A titled region of the page that is initially closed. */
export function Fold({ title, aside, testId, children }: FoldProps) {
  return (
    <details className="card fold" data-testid={testId}>
      <summary>
        <h2>{title}</h2>
        {aside !== undefined && <span className="small">{aside}</span>}
      </summary>
      {children}
    </details>
  );
}
