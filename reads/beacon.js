// Every statement ends with a semicolon: the lines are joined when it is served.
(() => {
	let d = document, n = navigator, s = d.currentScript, left = 5000, since = 0, timer;
	if (!s || !s.dataset.beacon || n.webdriver) return;
	let q = new URLSearchParams(location.search),
	m = (q.get("utm_medium") || q.get("ref") || "web").toLowerCase(),
	from = /mail|newsletter|digest/.test(m) ? "email" : /feed|rss|atom/.test(m) ? "feed" : m == "web" ? m : "other",
	now = () => performance.now(),
	send = () => {
		d.removeEventListener("visibilitychange", look);
		let to = s.dataset.beacon, body = s.dataset.token + "|" + from;
		n.sendBeacon && n.sendBeacon(to, body) || fetch(to, {method: "POST", body, keepalive: true}).catch(() => 0);
	},
	look = () => {
		clearTimeout(timer);
		if (since) left -= now() - since;
		since = 0;
		if (d.visibilityState == "visible") {
			since = now();
			timer = setTimeout(send, left);
		}
	},
	start = () => {
		d.addEventListener("visibilitychange", look);
		look();
	};
	d.prerendering ? d.addEventListener("prerenderingchange", start, {once: true}) : start();
})();
