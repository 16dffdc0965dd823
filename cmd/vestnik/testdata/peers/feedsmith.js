// Reads feeds as feedsmith does, the strictest of the structural parsers.
'use strict'
const { parseFeed } = require('feedsmith')
const { each, moment } = require('./documents')

const names = people => (people || []).map(p => p.name)

const rss = item => ({
  id: item.guid?.value,
  title: item.title,
  link: item.link,
  published: moment(item.pubDate),
  updated: moment(item.atom?.updated || item.dcterms?.modified),
  authors: item.dc?.creators || [],
  categories: (item.categories || []).map(c => c.name),
  terms: null,
  summary: item.description,
  html: item.content?.encoded,
  enclosures: (item.enclosures || []).map(e => ({ url: e.url, type: e.type, length: e.length })),
})

const text = x => (x && typeof x === 'object' ? x.value : x)

const atom = entry => ({
  id: entry.id,
  title: text(entry.title),
  link: (entry.links || []).find(l => !l.rel || l.rel === 'alternate')?.href,
  published: moment(entry.published),
  updated: moment(entry.updated),
  authors: names(entry.authors),
  categories: (entry.categories || []).map(c => c.label),
  terms: (entry.categories || []).map(c => c.term),
  summary: text(entry.summary),
  html: text(entry.content),
  enclosures: (entry.links || []).filter(l => l.rel === 'enclosure').map(l => ({ url: l.href, type: l.type, length: l.length })),
})

const json = item => ({
  id: item.id,
  title: item.title,
  link: item.url,
  published: moment(item.date_published),
  updated: moment(item.date_modified),
  authors: names(item.authors),
  categories: item.tags || [],
  summary: item.summary,
  html: item.content_html,
  enclosures: (item.attachments || []).map(a => ({ url: a.url, type: a.mime_type, length: a.size_in_bytes })),
})

const mapped = { rss: f => f.items, atom: f => f.entries, json: f => f.items }
const items = { rss, atom, json }

each(async (url, fetchText) => {
  const { format, feed } = parseFeed(await fetchText(url))
  return { title: text(feed.title), items: (mapped[format](feed) || []).map(items[format]) }
})
