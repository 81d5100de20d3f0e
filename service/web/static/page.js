import { ask, wellFormed } from "./asking.js";
import { cut, strength } from "./evidence.js";
import { sample } from "./sample.js";
import { fixedEnglish, languageName, number, words } from "./words.js";

const at = (id) => document.getElementById(id);
const form = at("article");
const fixedPersian = readFixedWords();
const idleTopics = [...at("topics").children];

let language = "fa";
let tagged = null; // { article, answer }: what was sent, and what came back
let chosen = null; // id of the topic whose evidence is shown
let problem = null; // { status, field, detail, requestId }, and isBlank of what was sent
let asking = null; // the AbortController of the request under way
let key = recalled("sessionStorage", "key"); // an API key, where the service asks for one

function readFixedWords() {
  const found = {};
  for (const element of document.querySelectorAll("[data-word]")) {
    found[element.dataset.word] = element.textContent;
  }
  for (const element of document.querySelectorAll("[data-word-placeholder]")) {
    found[element.dataset.wordPlaceholder] = element.placeholder;
  }
  return found;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function render() {
  const fixed = language === "fa" ? fixedPersian : fixedEnglish;
  document.documentElement.lang = language;
  document.documentElement.dir = language === "fa" ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = fixed[element.dataset.word];
  }
  for (const element of document.querySelectorAll("[data-word-placeholder]")) {
    element.placeholder = fixed[element.dataset.wordPlaceholder];
  }
  const other = language === "fa" ? { lang: "en", dir: "ltr" } : { lang: "fa", dir: "rtl" };
  Object.assign(at("switch"), other, { textContent: words[language].switch });
  at("tag").disabled = asking !== null;
  form.setAttribute("aria-busy", String(asking !== null));
  form.hidden = tagged !== null; // what was sent is then read where it was written
  renderProblem();
  renderTopics();
  renderReading(chosen);
}

function renderProblem() {
  const box = at("problem");
  box.hidden = problem === null;
  at("key-asked").hidden = !isOfKey(problem);
  // An empty aria-invalid would mean that the field is valid.
  for (const name of ["title", "text"]) {
    at(name).setAttribute("aria-invalid", String(problem?.field === name));
  }
  box.replaceChildren();
  if (problem === null) return;
  box.append(make("strong", {}, problemInWords()));
  if (problem.detail) {
    box.append(make("p", { lang: "en", dir: "ltr" }, problem.detail));
  }
  if (problem.status >= 500 && problem.requestId) {
    box.append(make("p", {}, `${words[language].requestId} `, make("code", {}, problem.requestId)));
  }
}

/** Whether another key may help; a 403 to who showed none is not the service's. */
function isOfKey(reason) {
  return reason?.status === 401 || (reason?.status === 403 && reason.shown);
}

function problemInWords() {
  const say = words[language];
  if (problem.status === 0) return say.unreachable;
  if (problem.status === 401) return problem.shown ? say.keyRefused : say.keyAsked;
  if (problem.status === 403 && problem.shown) return say.keyTooSmall;
  if (problem.status === 429 || problem.status === 503) return say.busy;
  if (problem.status === 408) return say.tooSlow;
  if (problem.status === 413) return say.tooLarge;
  if (problem.field === "text" && problem.isBlank) return say.blankText;
  if (problem.field === "text" || problem.field === "title") return say.notPlain;
  if (problem.status === 400 || problem.status === 422) return say.badField;
  return say.failed(problem.status);
}

function renderTopics() {
  const scored = isPersian();
  at("prefer").hidden = tagged !== null && !scored;
  at("legend").hidden = !scored;
  at("review-legend").hidden = !scored || !tagged.answer.topics.some((topic) => topic.review);
  at("model").hidden = tagged === null;
  if (asking !== null) at("summary").textContent = words[language].tagging;
  else if (tagged !== null) at("summary").textContent = summary();
  if (tagged !== null) at("model").textContent = words[language].model(tagged.answer.model);
  if (!scored) {
    at("topics").replaceChildren(...idleTopics);
    return;
  }
  const focused = document.activeElement?.dataset.topic;
  at("topics").replaceChildren(...tagged.answer.topics.map(topicRow));
  if (focused) at("topics").querySelector(`[data-topic="${focused}"]`)?.focus();
}

/** Whether there is an answer whose scores mean something: only Persian is tagged. */
function isPersian() {
  return tagged !== null && tagged.answer.language === "fa";
}

function summary() {
  const say = words[language];
  const spoken = tagged.answer.language;
  if (spoken === null) return say.noLetter;
  if (spoken === "und") return say.unknownLanguage;
  if (spoken !== "fa") return say.otherLanguage(languageName(spoken, language));
  const names = namesWhere((topic) => topic.assigned);
  const unsure = namesWhere((topic) => topic.review);
  const tags = names.length ? say.tags(names) : say.noTag;
  return unsure.length ? `${tags} ${say.toReview(unsure)}` : tags;
}

function namesWhere(holds) {
  return tagged.answer.topics.filter(holds).map((topic) => topic.names[language]);
}

function topicRow(topic) {
  const say = words[language];
  const score = percent(topic.score);
  const bar = make("span", { class: "bar", "aria-hidden": "true" }, make("i"), make("b"));
  bar.style.setProperty("--score", `${100 * topic.score}%`);
  bar.style.setProperty("--threshold", `${100 * topic.threshold}%`);
  const verdict = make("span", { class: "verdict" }, topic.assigned ? say.assigned : say.notAssigned);
  const review = make("span", { class: "review" }, say.review);
  const button = make(
    "button",
    {
      type: "button",
      class: topic.assigned ? "topic assigned" : "topic",
      "data-topic": topic.id,
      "aria-pressed": String(topic.id === chosen),
    },
    make("span", { class: "topic-name" }, topic.names[language]),
    make("span", { class: "verdicts" }, verdict, ...(topic.review ? [review] : [])),
    make("span", { class: "score", title: say.score(score, percent(topic.threshold)) }, score),
    bar,
  );
  button.addEventListener("click", () => choose(topic.id));
  button.addEventListener("mouseenter", () => renderReading(topic.id));
  button.addEventListener("mouseleave", () => renderReading(chosen));
  return make("li", {}, button);
}

function percent(share) {
  return number(share, language, { style: "percent" });
}

function choose(id) {
  chosen = id;
  for (const button of at("topics").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.topic === id));
  }
  renderReading(id);
}

function renderReading(id) {
  at("reading").hidden = tagged === null;
  if (tagged === null) return;
  const say = words[language];
  const topic = tagged.answer.topics.find((one) => one.id === id);
  const evidence = topic?.evidence ?? [];
  const name = topic?.names[language];
  if (!topic) at("chosen").textContent = say.choose;
  else at("chosen").textContent = evidence.length ? say.shown(name) : say.noEvidence(name);
  at("chosen").hidden = !isPersian();
  at("read").lang = tagged.answer.language ?? "und";
  const { title, text } = tagged.article;
  at("read-title").hidden = !title;
  at("read-title").replaceChildren(...highlighted(title, "title", evidence));
  at("read-text").replaceChildren(...highlighted(text, "text", evidence));
}

/** A field's lines, each of its own direction, as it was written. */
function highlighted(given, field, evidence) {
  const here = evidence.filter((one) => one.field === field);
  return cut(given, here).map((line) => {
    const pieces = line.map((piece) => (piece.evidence ? marked(piece, evidence) : piece.text));
    return make("span", { dir: "auto" }, ...pieces);
  });
}

function marked(piece, evidence) {
  const { weight } = piece.evidence;
  const shown = number(weight, language, { maximumFractionDigits: 2, signDisplay: "always" });
  return make(
    "mark",
    { "data-strength": strength(weight, evidence), title: words[language].weight(shown) },
    piece.text,
  );
}

function preference() {
  return at("prefer").querySelector(":checked").value || null;
}

async function classify() {
  asking?.abort();
  const request = (asking = new AbortController());
  const article = {
    title: wellFormed(at("title").value),
    text: wellFormed(at("text").value),
  };
  problem = null;
  render();
  try {
    const address = form.dataset.classify;
    const outcome = await ask(address, article, preference(), key, request.signal);
    if (asking !== request) return;
    asking = null;
    if (outcome.problem) refused({ ...outcome.problem, isBlank: !article.text.trim() });
    else accepted(article, outcome.answer);
  } catch {
    if (asking !== request) return; // a newer request took its place
    asking = null;
    refused({ status: 0 });
  }
}

function accepted(article, answer) {
  const again = tagged !== null;
  tagged = { article, answer };
  if (again) {
    render(); // who chose another preference stays where they are
    return;
  }
  chosen = answer.topics.find((topic) => topic.assigned)?.id ?? null;
  render();
  at("summary").focus();
}

function edit() {
  asking?.abort(); // an answer to another preference would take the form away again
  asking = null;
  tagged = null;
  chosen = null;
  render();
  at("text").focus();
}

function refused(reason) {
  problem = reason;
  tagged = null; // the problem is told beside the form
  problem.shown = key !== null;
  if (isOfKey(problem)) useKey(null);
  render();
  // The button that was pressed lost the focus when it was disabled.
  if (document.activeElement === document.body) at("tag").focus();
  if (isOfKey(problem)) at("key").focus();
  if (reason.field === "text") at("text").focus();
  if (reason.field === "title") at("title").focus();
}

/** Shows this key from now on, until the browser's tab is closed. */
function useKey(value) {
  key = value;
  at("key").value = "";
  remember("sessionStorage", "key", value);
}

function remember(storage, name, value) {
  try {
    if (value === null) window[storage].removeItem(name);
    else window[storage].setItem(name, value);
  } catch {
    // a browser may forbid it; it is then forgotten with the page
  }
}

function recalled(storage, name) {
  try {
    return window[storage].getItem(name);
  } catch {
    return null;
  }
}

// The second half of a double click may fall on what the first has brought there.
let clicked = null;
document.addEventListener(
  "click",
  (event) => {
    const control = event.target.closest("a, button");
    if (event.detail < 2) clicked = control;
    else if (control !== clicked) {
      event.preventDefault();
      event.stopPropagation();
    }
  },
  true,
);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  // No key has other characters, and a browser would send no header with them.
  const given = at("key").value.replace(/[^!-~]/g, "");
  if (given) useKey(given);
  classify();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
at("sample").addEventListener("click", () => {
  at("title").value = sample.title;
  at("text").value = sample.text;
  classify();
});
at("edit").addEventListener("click", edit);
at("prefer").addEventListener("change", () => {
  if (tagged !== null || asking !== null) classify();
});
at("switch").addEventListener("click", () => {
  language = language === "fa" ? "en" : "fa";
  remember("localStorage", "language", language);
  render();
});

language = recalled("localStorage", "language") === "en" ? "en" : "fa";
render();
at("unloaded").remove();
