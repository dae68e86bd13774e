import { Table } from "@mantine/core";
import type { Recommendation, Results } from "backend-api";
import { formatDollars } from "../../components/format-amount.ts";
import { formatTimeOfDay } from "../../components/format-time.ts";
import { Panel } from "../../components/panel.tsx";
import { ScrollBox } from "../../components/scroll-box.tsx";
import styles from "./optimization-results.module.css";

/** The figures of the answer: summary, recommendations, and why. */
export function OptimizationResults({ results }: { results: Results }) {
  const { summary, recommendations, reasoning } = results;
  return (
    <Panel
      title="Optimization Results"
      aside={formatTimeOfDay(results.completed_at)}
      testId="optimization-results"
    >
      {summary !== undefined && (
        <dl className={styles.figures}>
          <div>
            <dt>Total cost</dt>
            <dd>{formatDollars(summary.total_cost)}</dd>
          </div>
          {summary.expected_delivery !== undefined && (
            <div>
              <dt>Expected delivery</dt>
              <dd>{summary.expected_delivery}</dd>
            </div>
          )}
        </dl>
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
  return (
    <>
      <h3 className={styles.subhead}>Recommendations</h3>
      <ScrollBox label="Recommendations">
        <Table className={styles.table} verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Item</Table.Th>
              <Table.Th scope="col">Lead time</Table.Th>
              <Table.Th scope="col" ta="right">
                Quantity
              </Table.Th>
              <Table.Th scope="col" ta="right">
                Unit price
              </Table.Th>
              <Table.Th scope="col" ta="right">
                Total
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes and items may repeat
              <Table.Tr key={index}>
                <Table.Td>{row.item}</Table.Td>
                <Table.Td>{row.lead_time}</Table.Td>
                <Table.Td ta="right">{row.quantity}</Table.Td>
                <Table.Td ta="right">
                  {row.unit_price !== undefined && formatDollars(row.unit_price)}
                </Table.Td>
                <Table.Td ta="right">{formatDollars(row.total)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollBox>
    </>
  );
}
