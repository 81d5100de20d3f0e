/** What the page says. The fixed Persian words stand in the page itself. */
export const fixedEnglish = {
  page: "Barchasb · the topics of a news article",
  name: "Barchasb",
  tagline: "The topics of a Persian news article, and the words in it that say so",
  article: "Article",
  title: "Title",
  optional: "(optional)",
  text: "Text",
  textHint: "Paste a Persian news article here",
  key: "API key",
  tag: "Tag it",
  sample: "Sample article",
  topics: "Topics",
  waiting: "These are the topics Barchasb knows. Give it an article to see their scores.",
  legend: "The line on each bar is the topic’s threshold; a score that reaches it makes a tag.",
  reviewLegend: "“Needs review” means that Barchasb is in two minds about the topic; an editor should have a look.",
  prefer: "Prefer",
  balanced: "Balanced",
  precision: "Fewer wrong",
  recall: "Fewer missed",
  card: "Model card: what it learned and how often it is right",
  evidence: "Evidence in the text",
  edit: "Edit the article",
};

const persian = {
  switch: "English",
  tagging: "در حال خواندن خبر…",
  tags: (names) => `این خبر ${names.length === 1 ? "یک" : number(names.length, "fa")} برچسب دارد: ${names.join("، ")}.`,
  noTag: "هیچ موضوعی به آستانه\u200cاش نرسید.",
  toReview: (names) => `نیاز به بازبینی: ${names.join("، ")}.`,
  review: "نیاز به بازبینی",
  otherLanguage: (name) => `این متن گویا به زبان ${name} است. برچسب تنها خبرهای فارسی را می\u200cشناسد، پس موضوعی به آن نداد.`,
  unknownLanguage: "زبان این متن را نشناختیم. برچسب تنها خبرهای فارسی را می\u200cشناسد، پس موضوعی به آن نداد.",
  noLetter: "در این متن حرفی نیست که بتوان موضوعی برایش یافت.",
  assigned: "برچسب خورد",
  notAssigned: "برچسب نخورد",
  score: (score, threshold) => `${score}، آستانه ${threshold}`,
  choose: "موضوعی را برگزینید تا شاهدهایش در متن پررنگ شود.",
  shown: (name) => `شاهدهای «${name}»؛ هرچه پررنگ\u200cتر، سهمش در امتیاز بیشتر.`,
  noEvidence: (name) => `برای «${name}» شاهدی در این متن نیست.`,
  weight: (weight) => `سهم در امتیاز: ${weight}`,
  model: (version) => `مدل ${version}`,
  blankText: "متن خبر خالی است. متن را بنویسید یا بچسبانید.",
  notPlain: "متن و تیتر باید نوشتهٔ ساده باشد، بی نشانه\u200cهای HTML. آن را چنان که در مرورگر دیده می\u200cشود بچسبانید.",
  badField: "چیزی در این خبر پذیرفتنی نیست.",
  keyAsked: "این سرویس کلید می\u200cخواهد. کلیدتان را در بالای این پیام بنویسید و دوباره «برچسب بزن» را بزنید.",
  keyRefused: "این کلید پذیرفته نشد. کلید دیگری بنویسید.",
  keyTooSmall: "این کلید اجازهٔ برچسب زدن ندارد. کلید دیگری بنویسید، یا از گردانندهٔ سرویس بگیرید.",
  busy: "سرویس سرش شلوغ است. اندکی دیگر دوباره بکوشید.",
  tooSlow: "متن به\u200cموقع به سرویس نرسید. اتصال را بررسی کنید و دوباره بکوشید.",
  tooLarge: "متن بلندتر از اندازهٔ پذیرفتنی است. بخشی از آن را بفرستید.",
  unreachable: "پاسخی از سرویس نرسید. اتصال را بررسی کنید و دوباره بکوشید.",
  failed: (status) => `سرویس نتوانست پاسخ دهد (${number(status, "fa")}). دوباره بکوشید.`,
  requestId: "شناسهٔ درخواست:",
};

const english = {
  switch: "فارسی",
  tagging: "Reading the article…",
  tags: (names) => `This article has ${names.length === 1 ? "one tag" : `${names.length} tags`}: ${names.join(", ")}.`,
  noTag: "No topic reached its threshold.",
  toReview: (names) => `Needs review: ${names.join(", ")}.`,
  review: "needs review",
  otherLanguage: (name) => `This text seems to be in ${name}. Barchasb tags only Persian articles, so it gave it no topic.`,
  unknownLanguage: "We do not know the language of this text. Barchasb tags only Persian articles, so it gave it no topic.",
  noLetter: "This text has no letter to find a topic by.",
  assigned: "tagged",
  notAssigned: "not tagged",
  score: (score, threshold) => `${score}, threshold ${threshold}`,
  choose: "Choose a topic to highlight its evidence in the text.",
  shown: (name) => `Evidence for “${name}”; the stronger the colour, the larger its share in the score.`,
  noEvidence: (name) => `There is no evidence for “${name}” in this text.`,
  weight: (weight) => `Share in the score: ${weight}`,
  model: (version) => `Model ${version}`,
  blankText: "The text is empty. Write or paste the article.",
  notPlain: "Text and title must be plain, without HTML. Paste the article as a browser shows it.",
  badField: "Something in this article cannot be accepted.",
  keyAsked: "This service asks for a key. Write yours above and press “Tag it” again.",
  keyRefused: "This key was not accepted. Write another.",
  keyTooSmall: "This key does not open tagging. Write another, or ask the service’s operator for one.",
  busy: "The service is busy. Try again in a moment.",
  tooSlow: "The text did not reach the service in time. Check the connection and try again.",
  tooLarge: "The text is longer than the service accepts. Send a part of it.",
  unreachable: "The service did not answer. Check the connection and try again.",
  failed: (status) => `The service could not answer (${status}). Try again.`,
  requestId: "Request:",
};

export const words = { fa: persian, en: english };

export function number(value, language, options = { useGrouping: false }) {
  return new Intl.NumberFormat(language === "fa" ? "fa-IR" : "en", options).format(value);
}

/** A language in words, by its BCP 47 code. */
export function languageName(code, language) {
  return new Intl.DisplayNames([language], { type: "language" }).of(code);
}
