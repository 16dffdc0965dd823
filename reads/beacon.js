// One script for our own pages and for those of sites that live elsewhere: lines marked with the one are left out for the
// other. Every statement ends with a semicolon: the lines are joined when it is served.
(() => {
	let d = document, n = navigator, left = 5000, since = 0, timer;
	let s = d.currentScript; // own
	if (!s || !s.dataset.beacon) return; // own
	let q = new URLSearchParams(location.search),
	m = (q.get("utm_medium") || q.get("ref") || "web").toLowerCase(),
	from = n.webdriver ? "webdriver" : /mail|newsletter|digest/.test(m) ? "email" : /feed|rss|atom/.test(m) ? "feed" : m == "web" ? m : "other",
	now = () => performance.now(),
	send = () => {
		d.removeEventListener("visibilitychange", look);
		let to = s.dataset.beacon, body = s.dataset.token + "|" + from; // own
		n.sendBeacon && n.sendBeacon(to, body) || fetch(to, {method: "POST", body, keepalive: true}).catch(() => 0); // own
		let l = d.querySelector("link[rel~=canonical]"), u = l && l.href || location.href; // elsewhere
		fetch("ADDRESS", {method: "POST", body: "TOKEN|" + from + "|" + u.split("#")[0], keepalive: true, mode: "no-cors", referrerPolicy: "strict-origin"}).catch(() => 0); // elsewhere
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
