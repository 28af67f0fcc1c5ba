// A small plot of one key: available units as a full line, reserved ones as a dashed line, over the last minutes.
// Figures hold until the next change, so lines are steps.

import { element, setText } from "./element.js";
import { counted, units } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
/** Size in units of the drawing, and the room for the words at its edges. */
const WIDTH = 320;
const HEIGHT = 104;
const LEFT = 34;
const RIGHT = 6;
const TOP = 8;
const BOTTOM = 18;

/** The plot of one key. */
export class Plot {
  #lines = {};
  #zero;
  #top;
  #low;
  #since;

  constructor() {
    this.element = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "plot" });
    for (const share of [0, 1]) {
      const y = TOP + share * (HEIGHT - TOP - BOTTOM);
      this.element.append(shape("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }));
    }
    this.#zero = shape("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT });
    this.element.append(this.#zero);
    for (const name of ["range", "area", "reserved", "available"]) {
      this.#lines[name] = shape("path", { class: name });
      this.element.append(this.#lines[name]);
    }
    this.#top = this.#word(LEFT - 5, TOP + 4, "end");
    this.#low = this.#word(LEFT - 5, HEIGHT - BOTTOM + 4, "end");
    this.#since = this.#word(LEFT, HEIGHT - 4, "start");
    setText(this.#word(WIDTH - RIGHT, HEIGHT - 4, "end"), "now");
  }

  /** Draws a trace as it is at `now_ms`. */
  draw(trace, now_ms) {
    const { window_ms, points } = trace.at(now_ms);
    if (points.length === 0) return;
    const low = Math.min(0, ...points.map((point) => point.low));
    const high = niceCeiling(Math.max(1, ...points.map((point) => Math.max(point.high, point.reserved))));
    const x = (at_ms) => {
      const share = 1 - (now_ms - at_ms) / window_ms;
      return (LEFT + Math.min(Math.max(share, 0), 1) * (WIDTH - LEFT - RIGHT)).toFixed(1);
    };
    const y = (count) => (TOP + ((high - count) / (high - low)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
    this.#zero.setAttribute("y1", y(0));
    this.#zero.setAttribute("y2", y(0));
    const available = steps(points, x, (point) => y(point.available));
    this.#lines.available.setAttribute("d", available);
    this.#lines.area.setAttribute("d", `${available}V${y(0)}H${x(points[0].at_ms)}Z`);
    this.#lines.reserved.setAttribute("d", steps(points, x, (point) => y(point.reserved)));
    const ranges = points.filter((point) => point.low < point.high);
    this.#lines.range.setAttribute("d", ranges.map((point) => `M${x(point.at_ms)} ${y(point.low)}V${y(point.high)}`).join(""));
    setText(this.#top, units(high));
    setText(this.#low, units(low));
    const span = window_ms < 60_000 ? `${window_ms / 1_000} seconds` : counted(window_ms / 60_000, "minute");
    setText(this.#since, `${span} ago`);
    this.element.setAttribute("aria-label", described(points, span));
  }

  #word(x, y, anchor) {
    const word = shape("text", { x, y, "text-anchor": anchor });
    this.element.append(word);
    return word;
  }
}

/** What the lines are, for those who see them. */
export function legend() {
  const made = element("p", "legend");
  made.append(element("span", "available", "available"), element("span", "reserved", "reserved"));
  return made;
}

function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A line of steps from point to point, and on to the present. */
function steps(points, x, y) {
  const [first, ...rest] = points;
  const drawn = rest.map((point) => `H${x(point.at_ms)}V${y(point)}`);
  return `M${x(first.at_ms)} ${y(first)}${drawn.join("")}H${WIDTH - RIGHT}`;
}

/** The plot in words, for those who do not see it. */
function described(points, span) {
  const last = points.at(-1);
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  return `Over the last ${span} available was between ${units(low)} and ${units(high)}; `
    + `now ${units(last.available)} available, ${units(last.reserved)} reserved.`;
}

/** The next higher of 1, 2, 3, 4, 5, 6, 8, 10, 20, 30 …: a figure that is easily read. */
function niceCeiling(count) {
  const scale = 10 ** Math.floor(Math.log10(count));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * scale).find((step) => step >= count) ?? 10 * scale;
}
