// A chart is drawn from the table inside its figure, which stays for whoever reads tables: the first
// column is the time, each further one a series, stacked as bars.
import uPlot from "uplot";

const number = (cell) => Number(cell.dataset.value ?? cell.textContent);

function series(table) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows];
  const times = rows.map((row) => Number(row.cells[0].dataset.value) / 1000);
  const columns = names.slice(1).map((_, place) => rows.map((row) => number(row.cells[place + 1])));
  return { names, times, columns };
}

// Each column on top of those before it; drawn from the highest down.
function stacked(columns) {
  return columns.map((_, place) =>
    columns[0].map((_, row) => columns.slice(0, place + 1).reduce((sum, one) => sum + one[row], 0)),
  );
}

const short = (value) => Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(value);

export function draw(figure) {
  const table = figure.querySelector("table");
  if (!table || !table.tBodies[0].rows.length) return;
  figure.dataset.drawn = "";
  // A canvas knows no custom properties: an element of the page tells what they are.
  const probe = figure.appendChild(document.createElement("span"));
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const { names, times, columns } = series(table);
  const sums = stacked(columns);
  const order = sums.map((_, place) => sums.length - 1 - place);
  const place = document.createElement("div");
  place.className = "plot";
  place.setAttribute("aria-hidden", "true");
  figure.prepend(place);
  const lines = figure.dataset.chart === "lines";
  const shown = lines ? columns : order.map((one) => sums[one]);
  const labels = lines ? names.slice(1) : order.map((one) => names[one + 1]);
  const tones = lines ? columns.map((_, one) => one) : order;
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, font: "12px system-ui" };
  const margin = times.length > 1 ? (times[1] - times[0]) / 2 : 1;
  const options = () => ({
    width: Math.max(200, place.clientWidth),
    height: 220,
    legend: { show: false },
    cursor: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), figure.dataset.zone),
    axes: [axis, { ...axis, size: 52, values: (_, ticks) => ticks.map(short) }],
    scales: { x: { range: (_, first, last) => [first - margin, last + margin] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
    series: [{}, ...shown.map((_, one) => ({
      label: labels[one],
      stroke: colour(`--tone-${(tones[one] % 6) + 1}`),
      fill: lines ? undefined : colour(`--tone-${(tones[one] % 6) + 1}`),
      width: lines ? 2 : 0,
      points: { show: false },
      paths: lines ? undefined : uPlot.paths.bars({ size: [0.8, 40] }),
    }))],
  });
  const plot = new uPlot(options(), [times, ...shown], place);
  probe.remove();
  new ResizeObserver(() => plot.setSize({ width: Math.max(200, place.clientWidth), height: 220 })).observe(place);
}
