// What the pages do beyond their HTML. Each page works without it, live parts excepted.
import "./htmx.js";
import "htmx-ext-sse";
import { countDown } from "./countdown.js";
import { passkeys } from "./passkeys.js";
import { voice } from "./voice.js";

function copying(event) {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const text = source?.value ?? source?.textContent ?? "";
  navigator.clipboard?.writeText(text.trim()).then(() => {
    button.textContent = button.dataset.copied;
  });
}

function confirming(event) {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset?.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
}

// A select that stands for its form's button.
function choosing(event) {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
}

async function charts(root) {
  const figures = root.querySelectorAll("figure[data-chart]:not([data-drawn])");
  if (!figures.length) return;
  const { draw } = await import("./chart.js");
  figures.forEach(draw);
}

function zones() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.querySelectorAll("input[data-zone]").forEach((field) => { field.value = zone; });
}

document.addEventListener("click", copying);
document.addEventListener("submit", confirming);
document.addEventListener("change", choosing);
document.addEventListener("htmx:afterSettle", (event) => charts(event.target));
countDown();
passkeys();
voice();
zones();
charts(document);
document.documentElement.dataset.scripted = "";
