import { differencesOf, type Difference } from "./differences.ts";
import { Plain } from "./plain.tsx";
import "./differences.css";

const MOST_ROWS = 50;

interface DifferencesTableProps {
  /** What the definition is: `dashboard shop`. */
  of: string;
  theirs: object;
  mine: object;
}

/** What somebody else has saved beside one's own, as far as they differ. */
export function DifferencesTable({ of, theirs, mine }: DifferencesTableProps) {
  const differences = differencesOf(theirs, mine);
  const left = differences.length - MOST_ROWS;
  if (differences.length === 0) return <p class="differences-none">Both are the same by now.</p>;
  return (
    <div class="differences" role="region" aria-label={`Differences of the ${of}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <Plain text={of} />
            </th>
            <th scope="col">Theirs</th>
            <th scope="col">Yours</th>
          </tr>
        </thead>
        <tbody>
          {differences.slice(0, MOST_ROWS).map((each, i) => (
            <tr key={i}>
              <th scope="row">
                <DifferenceName difference={each} />
              </th>
              <Value text={each.theirs} />
              <Value text={each.mine} />
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && <p class="differences-none">And {left} more.</p>}
    </div>
  );
}

function DifferenceName({ difference: { panel, field, theirs, mine } }: { difference: Difference }) {
  const what = theirs === undefined ? " is only in yours" : mine === undefined ? " is only in theirs" : "";
  return (
    <>
      {panel !== undefined && (
        <>
          Panel “<Plain text={panel} />”
        </>
      )}
      {field === undefined ? what : panel !== undefined && ", "}
      {field !== undefined && <code>{field}</code>}
    </>
  );
}

function Value({ text }: { text: string | undefined }) {
  if (text === undefined || text === "") {
    return <td class="differences-none">{text === undefined ? "none" : "empty"}</td>;
  }
  return (
    <td>
      <Plain text={text} />
    </td>
  );
}
