// The live part of balancer-manager's page: a card for each member, charts, and buttons
// that send the forms' own fields. Whatever the server tells (URLs, reasons) becomes
// text and nothing else: nothing here reads HTML but the answers' notes, from a document
// that runs nothing.
"use strict";
(() => {
  const PATH = document.body.dataset.path;
  const KEPT_S = 10; // of events, from which rates are made
  const HISTORY_MS = 10000;
  const TOAST_MS = 12000;
  const UNDO_MS = 60000;
  // As the page without scripts has them.
  const BACK = "Back to the configuration";
  const BACK_ALL = `${BACK}, with all its members`;
  const TAKE_OUT = "Take out of the balancer";
  const SPANS = [["10m", "10 minutes"], ["2h", "2 hours"], ["24h", "24 hours"]];

  // Elements ------------------------------------------------------------------------

  const make = (name, said = {}, ...inside) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(said)) {
      if (key === "text") made.textContent = value;
      else if (key === "on") made.addEventListener("click", value);
      else if (value !== null) made.setAttribute(key, value);
    }
    made.append(...inside);
    return made;
  };
  const put = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  // Words ---------------------------------------------------------------------------

  const number = (value, digits = 1) =>
    value === null || value === undefined ? "–" : value.toFixed(value < 10 ? digits : 0);
  const seconds = (value) => {
    if (value === null || value === undefined) return "–";
    if (value < 1) return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
    if (value < 120) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
    return value < 7200 ? `${Math.round(value / 60)} min` : `${Math.round(value / 3600)} h`;
  };
  const percent = (part, whole) => (whole > 0 ? `${Math.round((100 * part) / whole)}\u00a0%` : "–");
  const clock = (at) => new Date(at * 1000).toLocaleTimeString();

  const why = (member) => {
    const said = [];
    if (member.out_reason) said.push(member.out_reason);
    if (member.out_for_seconds !== null) said.push(`for ${seconds(member.out_for_seconds)}`);
    if (member.asked_again_words) {
      const at = member.asked_again_in_seconds;
      said.push(`next: ${member.asked_again_words}${at === null ? "" : ` in ${seconds(at)}`}`);
    }
    return said.join("; ");
  };

  // As the tables of the page without scripts say it.
  const adjusted = (one) =>
    one.adjusted.map((it) => `${it.key}=${it.value} (configured ${it.configured || "none"})`);
  const changed = (member) => {
    if (member.added) return "Added while running: it stands in no file";
    return member.adjusted.length ? `Changed: ${adjusted(member).join(", ")}` : "";
  };

  // What has come -------------------------------------------------------------------

  let told = null; // the last event
  const seen = []; // {at, counts}, of the last KEPT_S seconds
  const cards = new Map(); // "balancer member" -> Card
  let span = "2h"; // of the charts
  let backTo = null; // an index of the history; null: now

  const keyOf = (balancer, member) => `${balancer.name} ${member.url}`;
  const failedOf = (outcomes) => outcomes["5xx"] + outcomes.none;
  const endedOf = (outcomes) => Object.values(outcomes).reduce((sum, one) => sum + one, 0);

  const note = (event) => {
    const counts = new Map();
    for (const balancer of event.balancers) {
      for (const member of balancer.members) {
        counts.set(keyOf(balancer, member), {
          ended: endedOf(member.outcomes),
          failed: failedOf(member.outcomes),
          elected: member.elected,
        });
      }
    }
    seen.push({ at: performance.now() / 1000, counts });
    while (seen.length > 2 && seen.at(-1).at - seen[0].at > KEPT_S) seen.shift();
  };

  // Per second, since the first event that is kept.
  const rates = (key) => {
    const first = seen[0];
    const last = seen.at(-1);
    const before = first.counts.get(key);
    const now = last.counts.get(key);
    const s = last.at - first.at;
    if (!before || !now || s < 0.5) return null;
    const rate = (name) => Math.max(now[name] - before[name], 0) / s;
    return { ended: rate("ended"), failed: rate("failed"), elected: rate("elected") };
  };

  // Saying, asking ------------------------------------------------------------------

  const toasts = make("div", { class: "toasts", role: "status", "aria-live": "polite" });
  const news = make("p", { class: "hidden", "aria-live": "polite", id: "news" });

  // What it was asked for before is over, and so is undoing it.
  const drop = (balancer, member, fields, former) => {
    const names = String(Object.keys(fields));
    for (const one of [...toasts.children]) {
      const { of, about, fields: asked } = one.dataset;
      if (of === balancer && (!member || about === member) && (!former || asked === names)) one.remove();
    }
  };

  const toast = (text, undo, said = {}) => {
    const shown = make("div", { class: "toast", ...said }, make("p", { text }));
    if (undo) {
      const button = make("button", {
        text: "Undo",
        type: "button",
        on: () => {
          shown.remove();
          undo();
        },
      });
      shown.append(button);
    }
    toasts.append(shown);
    const leave = () => {
      if (shown.matches(":hover, :focus-within")) setTimeout(leave, 2000);
      else shown.remove();
    };
    setTimeout(leave, undo ? UNDO_MS : TOAST_MS);
  };

  const dialog = make("dialog", { "aria-labelledby": "asked" });
  // Resolves with the value of its field ("": there is none), or null.
  const confirmed = (title, text, word, field) =>
    new Promise((resolve) => {
      const form = make("form", { method: "dialog" });
      form.append(make("h2", { id: "asked", text: title }), make("p", { text }));
      let input = null;
      if (field) {
        input = make("input", {
          type: "number", id: "wanted", min: "1", max: "100", step: "any",
          required: "", value: field.value,
        });
        form.append(make("p", {}, make("label", { for: "wanted", text: `${field.label} ` }), input));
      }
      const yes = make("button", { class: "main", value: "yes", text: word });
      const no = make("button", { value: "no", text: "Cancel", formnovalidate: "" });
      form.append(make("p", { class: "deeds" }, yes, no));
      dialog.replaceChildren(form);
      dialog.returnValue = "";
      dialog.onclose = () => resolve(dialog.returnValue === "yes" ? (input ? input.value : "") : null);
      dialog.showModal();
    });

  const send = async (balancer, member, fields) => {
    const now = told.balancers.find((one) => one.name === balancer);
    const body = new URLSearchParams({ b: balancer, w: member, nonce: now ? now.nonce : "", ...fields });
    try {
      const answer = await fetch(PATH, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const notes = [...page.querySelectorAll("[role=status]")].map((one) => one.textContent);
      if (!answer.ok) return { done: false, text: `the server answered ${answer.status}` };
      const text = notes.join("; ") || "nothing was changed: the page is too old, or is not asked from its own site";
      return { done: notes.length > 0 && !/^(not done|passed over)/.test(text), text };
    } catch {
      return { done: false, text: "the server was not reached" };
    }
  };

  // former: the fields that take it back; null: there are none.
  const change = async (balancer, member, fields, former) => {
    const { done, text } = await send(balancer, member, fields);
    if (done) drop(balancer, member, fields, former);
    const said = { "data-of": balancer, "data-about": member, "data-fields": String(Object.keys(fields)) };
    toast(text, done && former ? () => change(balancer, member, former, fields) : null, said);
  };

  // member: "" for the balancer and all of its own.
  const reset = async (balancer, member, text, word) => {
    if ((await confirmed(`${word}: ${member || balancer}?`, text, word)) === null) return;
    await change(balancer, member, { w_reset: "1" }, null);
  };

  // A member ------------------------------------------------------------------------

  const FACTS = [
    ["requests", "Requests/s"],
    ["errors", "Errors"],
    ["p50", "p50"],
    ["p99", "p99"],
    ["flight", "In flight"],
    ["elected", "Elected"],
  ];

  class Card {
    constructor(balancer, member) {
      this.balancer = balancer.name;
      this.url = member.url;
      this.member = member;
      this.history = null;
      this.chart = null;
      this.isVisible = false;
      this.state = make("strong");
      this.why = make("p", { class: "why" });
      this.changed = make("p", { class: "was" });
      this.values = new Map();
      const facts = make("dl", { class: "facts" });
      for (const [name, words] of FACTS) {
        const value = make("dd");
        this.values.set(name, value);
        facts.append(make("div", {}, make("dt", { text: words }), value));
      }
      this.shareText = make("p", { class: "soft" });
      this.bar = make("span");
      this.mark = make("i");
      this.checks = make("ol", { class: "dots", "aria-label": "Last health checks, the newest first" });
      this.checks.hidden = true;
      this.drain = make("button", { type: "button", on: () => this.toggle("N", "drain", "end draining of") });
      this.disable = make("button", { type: "button", on: () => this.toggle("D", "disable", "enable") });
      const weight = make("button", { type: "button", text: "Weight…", on: () => this.weigh() });
      this.back = make("button", { type: "button", text: BACK, on: () => this.reset() });
      this.all = make("a", { text: "All settings" });
      this.plot = make("div", { class: "chart", role: "img" });
      const title = make("h4", { text: member.url });
      this.deeds = make("div", { class: "deeds", role: "group" }, this.drain, this.disable, weight, this.back, this.all);
      this.deeds.setAttribute("aria-label", `Change ${member.url}`);
      this.element = make(
        "li", { class: "member" },
        title, make("p", {}, this.state), this.why, this.changed, facts, this.shareText,
        make("div", { class: "share", "aria-hidden": "true" }, this.bar, this.mark),
        this.checks, this.deeds, this.plot, key(),
      );
      this.element.card = this;
      sight.observe(this.element);
    }

    // total: what all members of the balancer do, weights: those of members in service
    show(balancer, member, total, weights) {
      const before = this.member;
      this.member = member;
      if (before.state !== member.state) {
        news.textContent = `${member.url} is now ${member.state_words}`;
      }
      this.element.className = `member ${member.colour}`;
      this.state.className = member.colour;
      put(this.state, member.state_words);
      put(this.why, why(member));
      this.why.hidden = this.why.textContent === "";
      put(this.changed, changed(member));
      put(this.back, member.added ? TAKE_OUT : BACK);
      this.changed.hidden = this.back.hidden = this.changed.textContent === "";
      put(this.drain, member.flags.includes("N") ? "End draining" : "Drain");
      put(this.disable, member.flags.includes("D") ? "Enable" : "Disable");
      const way = new URLSearchParams({ b: balancer.name, w: member.url, nonce: balancer.nonce });
      this.all.href = `${PATH}?${way}#form`;
      this.all.setAttribute("aria-label", `All settings of ${member.url}`);
      this.showChecks(member.checks);
      if (backTo === null) this.showNow(balancer, total, weights);
    }

    showNow(balancer, total, weights) {
      const { member } = this;
      const now = rates(keyOf(balancer, member));
      this.write({
        requests: number(now && now.ended),
        errors: now ? percent(now.failed, now.ended).replace("–", "0 %") : "–",
        p50: seconds(member.answer_p50_seconds),
        p99: seconds(member.answer_p99_seconds),
        flight: `${member.in_flight}${member.in_flight_max ? ` of ${member.in_flight_max}` : ""}`,
        elected: String(member.elected),
      });
      const due = member.state === "serving" ? member.weight : 0;
      this.showShare(now ? now.elected : 0, total, due, weights);
    }

    showShare(part, whole, weight, weights) {
      const due = weights > 0 ? weight / weights : 0;
      put(
        this.shareText,
        `Share ${percent(part, whole)} of the traffic; by its weight ${this.member.weight}: ${percent(weight, weights)}`,
      );
      this.bar.style.width = `${whole > 0 ? (100 * part) / whole : 0}%`;
      this.mark.style.left = `calc(${100 * due}% - 1px)`;
    }

    showThen(at, whole) {
      const then = this.history;
      const of = (name) => (then ? then[name][at] : null);
      const ms = (name) => (of(name) === null ? "–" : seconds(of(name) / 1000));
      this.write({
        requests: number(of("requests_per_s")),
        errors: of("requests_per_s") === null ? "–" : percent(of("errors_per_s"), of("requests_per_s")).replace("–", "0 %"),
        p50: ms("p50_ms"),
        p99: ms("p99_ms"),
        flight: number(of("in_flight"), 0),
        elected: "–",
      });
      this.showShare(of("requests_per_s") || 0, whole, 0, 0);
    }

    write(values) {
      for (const [name, text] of Object.entries(values)) put(this.values.get(name), text);
    }

    showChecks(checks) {
      this.checks.hidden = checks.length === 0;
      const dots = checks.map((check) => {
        const text = `${check.passed ? "passed" : "failed"}, ${seconds(check.seconds_ago)} ago: ${check.words}`;
        return make("li", { class: check.passed ? null : "failed", title: text }, make("span", { class: "hidden", text }));
      });
      this.checks.replaceChildren(...dots);
    }

    async toggle(letter, begin, end) {
      const isOn = this.member.flags.includes(letter);
      const field = `w_status_${letter}`;
      const deed = isOn ? end : begin;
      const text = isOn
        ? "It gets its share of requests again."
        : letter === "N"
          ? "Only requests of its sessions go there from now on."
          : "No request goes there from now on; those under way end.";
      const word = deed[0].toUpperCase() + deed.slice(1).replace(/ of$/, "");
      if ((await confirmed(`${deed[0].toUpperCase()}${deed.slice(1)} ${this.url}?`, text, word)) === null) return;
      await change(this.balancer, this.url, { [field]: isOn ? "0" : "1" }, { [field]: isOn ? "1" : "0" });
    }

    async weigh() {
      const former = String(this.member.weight);
      const field = { label: "Weight, 1 to 100:", value: former };
      const wanted = await confirmed(`Weight of ${this.url}`, "Its share of the requests against the other members' weights.", "Set weight", field);
      if (wanted === null || wanted === "" || wanted === former) return;
      await change(this.balancer, this.url, { w_lf: wanted }, { w_lf: former });
    }

    async reset() {
      const text = this.member.added ? "It stands in no file." : `${changed(this.member)}.`;
      await reset(this.balancer, this.url, text, this.back.textContent);
    }

    async fetchHistory() {
      const asked = new URLSearchParams({ history: this.url, b: this.balancer, span });
      try {
        const answer = await fetch(`${PATH}?${asked}`);
        if (answer.ok) this.history = await answer.json();
      } catch {
        return; // until the next time
      }
      if (this.history) this.draw();
    }

    draw() {
      const then = this.history;
      const data = [then.t, then.requests_per_s, then.errors_per_s, then.p99_ms];
      const known = then.requests_per_s.filter((one) => one !== null);
      this.plot.setAttribute(
        "aria-label",
        known.length
          ? `At most ${number(Math.max(...known))} requests a second, now ${number(known.at(-1))}`
          : "Nothing is known yet",
      );
      if (this.chart) this.chart.setData(data);
      else this.chart = new uPlot(options(this.plot.clientWidth), data, this.plot);
    }

    redraw() {
      if (!this.chart) return;
      this.chart.destroy();
      this.chart = null;
      this.draw();
    }

    leave() {
      sight.unobserve(this.element);
      if (this.chart) this.chart.destroy();
      this.element.remove();
    }
  }

  const key = () =>
    make(
      "p", { class: "key" },
      make("span", { class: "requests", text: "requests/s" }),
      make("span", { class: "errors", text: "errors/s" }),
      make("span", { class: "p99", text: "p99 (dashed, to its own scale)" }),
    );

  const options = (width) => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    // A line takes two of them: the first of a server that has just begun is a point.
    const points = { size: 4, show: (plot, at) => plot.data[at].filter((one) => one !== null).length < 3 };
    return {
      width: Math.max(width, 100),
      height: 110,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(high || 0, 1)] }, ms: { range: (_, low, high) => [0, Math.max(high || 0, 1)] } },
      series: [
        {},
        { label: "requests/s", stroke: colour("accent"), fill: `${colour("accent")}22`, width: 1.5, points },
        { label: "errors/s", stroke: colour("bad"), width: 1.5, points },
        { label: "p99 ms", scale: "ms", stroke: colour("wait"), width: 1, dash: [4, 3], points: { show: false } },
      ],
      axes: [{ ...axis, size: 22, space: 70 }, { ...axis, size: 38, space: 24 }],
    };
  };

  // The page ------------------------------------------------------------------------

  const sight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const { card } = entry.target;
      card.isVisible = entry.isIntersecting;
      if (card.isVisible && !card.history) card.fetchHistory();
    }
  });

  const slider = make("input", { type: "range", id: "back", min: "0", max: "1", value: "1" });
  const when = make("output", { for: "back", text: "now" });
  const choice = make("select", { id: "span" });
  for (const [value, text] of SPANS) choice.append(make("option", { value, text }));
  choice.value = span;
  const time = make(
    "div", { class: "time" },
    make("label", { for: "back", text: "Look back" }), slider, when,
    make("label", { for: "span", text: "within" }), choice,
  );
  choice.addEventListener("change", () => {
    span = choice.value;
    backTo = null;
    put(when, "now");
    for (const card of cards.values()) card.history = null;
    refresh();
  });
  slider.addEventListener("input", () => {
    const one = [...cards.values()].find((card) => card.history);
    const at = Number(slider.value);
    backTo = !one || at >= Number(slider.max) ? null : at;
    put(when, backTo === null ? "now" : clock(one.history.t[at]));
    slider.setAttribute("aria-valuetext", when.textContent);
    show();
  });

  const sections = new Map(); // name -> {section, list, line}
  for (const section of document.querySelectorAll(".balancer")) {
    const list = make("ul", { class: "members", "aria-label": `Members of ${section.dataset.b}` });
    const line = make("p");
    const changes = make("div", { class: "changes" });
    section.querySelector("h3").after(line, changes, list);
    section.querySelector("details").open = false;
    section.querySelector("details ~ .changes")?.remove();
    sections.set(section.dataset.b, { list, line, changes });
  }
  document.querySelector("main h2").after(time);
  document.body.append(news, toasts, dialog);

  const show = () => {
    if (!told) return;
    const present = new Set();
    for (const balancer of told.balancers) {
      const place = sections.get(balancer.name);
      if (!place) continue;
      showBalancer(balancer, place, present);
    }
    for (const [key, card] of cards) {
      if (present.has(key)) continue;
      card.leave();
      cards.delete(key);
    }
  };

  const showBalancer = (balancer, place, present) => {
    const usable = balancer.members.filter((one) => one.usable).length;
    put(place.line, `${usable} of ${balancer.members.length} members may serve; method ${balancer.method}` +
      (balancer.queue.waiting ? `; ${balancer.queue.waiting} requests wait` : ""));
    place.line.className = !usable ? "bad" : usable === balancer.members.length ? "good" : "wait";
    showChanges(balancer, place.changes);
    const sum = (value) => balancer.members.reduce((all, one) => all + value(one), 0);
    const total = sum((one) => rates(keyOf(balancer, one))?.elected || 0);
    const weights = sum((one) => (one.state === "serving" ? one.weight : 0));
    for (const member of balancer.members) {
      const key = keyOf(balancer, member);
      present.add(key);
      if (!cards.has(key)) {
        const made = new Card(balancer, member);
        cards.set(key, made);
        place.list.append(made.element);
      }
      cards.get(key).show(balancer, member, total, weights);
    }
    if (backTo === null) return;
    const all = balancer.members.map((one) => cards.get(keyOf(balancer, one)));
    const whole = all.reduce((rate, card) => rate + (card.history?.requests_per_s[backTo] || 0), 0);
    for (const card of all) card.showThen(backTo, whole);
  };

  // Of the balancer itself, and of members that have no card any more.
  const showChanges = (balancer, place) => {
    const one = (member, told, text, word) => [told, word, () => reset(balancer.name, member, text, word)];
    const found = balancer.removed.map(({ url }) =>
      one(url, `${url} was taken out; it stands in the configuration`, "It comes back as it is configured.", BACK));
    if (balancer.adjusted.length) {
      const text = `Changed: ${adjusted(balancer).join(", ")}`;
      found.unshift(one("", text, "All that was changed of this balancer and its members is taken back.", BACK_ALL));
    }
    const told = found.map(([text]) => text).join("\n");
    if (place.dataset.told === told) return;
    place.dataset.told = told;
    place.replaceChildren(...found.map(([text, word, on]) =>
      make("p", { class: "was" }, `${text} `, make("button", { type: "button", text: word, on }))));
  };

  // Each event ends its stream, and the browser asks again; only an answer that is no
  // stream (a member of the tree below us restarts) ends it for good.
  const listen = () => {
    const source = new EventSource(`${PATH}?events`);
    source.onmessage = (event) => {
      told = JSON.parse(event.data);
      note(told);
      show();
      document.body.dataset.events = String(Number(document.body.dataset.events || 0) + 1);
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      setTimeout(listen, 3000);
    };
  };

  let due = 0;
  const refresh = async () => {
    if (!document.hidden) {
      for (const card of [...cards.values()].filter((one) => one.isVisible)) await card.fetchHistory();
      const one = [...cards.values()].find((card) => card.history);
      if (one) {
        const atEnd = backTo === null;
        slider.max = String(one.history.t.length - 1);
        if (atEnd) slider.value = slider.max;
      }
    }
    clearTimeout(due);
    due = setTimeout(refresh, HISTORY_MS);
  };

  let resized = 0;
  const redraw = () => cards.forEach((card) => card.redraw());
  addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(redraw, 200);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  listen();
  setTimeout(refresh, 1500);
})();
