package feeds

// keep stores a snapshot under the change number that was current before it was loaded, and makes room by dropping
// others: first such as nobody asked for a second time since room was last made. The caller holds c.mu.
func (c *Cache) keep(key Key, snap *Snapshot, change int64) *Snapshot {
	e, had := c.kept[key]
	switch {
	case had && e.change > change:
		return e.snap // a later rendering was faster
	case !had:
		e = &entry{} // not hot: a crawler that looks at every list once must not push out what readers poll
		c.kept[key] = e
	}
	e.change, e.snap = change, snap
	c.count(key, e)
	return snap
}

// count takes the size of an entry into account.
func (c *Cache) count(key Key, e *entry) {
	size := e.snap.size()
	c.size += size - e.size
	e.size = size
	for _, spare := range []bool{true, false} {
		for other, old := range c.kept {
			if c.size <= c.limit {
				return
			}
			if other != key && !(spare && old.hot.Swap(false)) { // who is spared must be asked for again to be spared again
				c.forget(other)
			}
		}
	}
}

// recount is called when a snapshot may have grown by its plain text or a delta.
func (c *Cache) recount(key Key, s *Snapshot) {
	c.mu.RLock()
	e := c.kept[key]
	same := e == nil || e.snap != s || e.size == s.size()
	c.mu.RUnlock()
	if same {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept[key] == e && e.snap == s {
		c.count(key, e)
	}
}

func (c *Cache) forget(key Key) {
	if e, ok := c.kept[key]; ok {
		c.size -= e.size
		delete(c.kept, key)
	}
}
