import { Table } from "@mantine/core";
import type { Recommendation, Results } from "backend-api";
import { formatDollars, formatStatedText, notStated } from "../../components/format-amount.ts";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { Panel } from "../../components/panel.tsx";
import { ScrollBox } from "../../components/scroll-box.tsx";
import styles from "./optimization-results.module.css";
import { recommendationColumns } from "./recommendation-columns.ts";

/** The figures of the answer: summary, recommendations, and why. */
export function OptimizationResults({ results }: { results: Results }) {
  const { summary, recommendations, reasoning } = results;
  const figures: [string, string][] = [
    ["Total cost", formatDollars(summary.total_cost)],
    ["Expected delivery", formatStatedText(summary.expected_delivery)],
    ["Cost savings", formatDollars(summary.cost_savings)],
    ["Efficiency", summary.efficiency === 0 ? notStated : `${summary.efficiency} %`],
  ];
  const isAnyStated = figures.some(([, value]) => value !== notStated);
  return (
    <Panel
      title="Optimization Results"
      aside={formatTimeOfDay(results.completed_at)}
      testId="optimization-results"
    >
      {isAnyStated ? (
        <dl className={styles.figures}>
          {figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd data-stated={value !== notStated}>{value}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className={styles.none}>The agent recommends steps and states no cost, delivery or savings.</p>
      )}
      {recommendations.length > 0 && <Recommendations rows={recommendations} />}
      {reasoning.length > 0 && (
        <>
          <h3 className={styles.subhead}>Reasoning</h3>
          <ul className={styles.reasoning}>
            {reasoning.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes and decisions may repeat
              <li key={index}>
                <p>
                  <strong>{row.decision}</strong> <span>{row.agent}</span>
                </p>
                <p>{row.rationale}</p>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function Recommendations({ rows }: { rows: Recommendation[] }) {
  const columns = recommendationColumns(rows);
  const [only, ...others] = columns;
  if (only !== undefined && others.length === 0) {
    return (
      <>
        <h3 className={styles.subhead}>Recommendations</h3>
        <ul className={styles.items}>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes and items may repeat
            <li key={index}>{only.cell(row)}</li>
          ))}
        </ul>
      </>
    );
  }
  return (
    <>
      <h3 className={styles.subhead}>Recommendations</h3>
      <ScrollBox label="Recommendations">
        <Table className={styles.table} verticalSpacing="sm" data-wide={columns.length > 3}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ title, isNumber }) => (
                <Table.Th key={title} scope="col" ta={isNumber ? "right" : "left"}>
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes and items may repeat
              <Table.Tr key={index}>
                {columns.map(({ title, isNumber, cell }) => (
                  <Table.Td key={title} ta={isNumber ? "right" : "left"}>
                    {cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollBox>
    </>
  );
}
