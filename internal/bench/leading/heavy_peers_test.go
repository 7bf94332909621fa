//go:build peers

package leading

func heavyPeers() []system {
	return []system{
		{etcdName, serveEtcd, joinEtcd},
		{kubeName, serveKube, joinKube},
	}
}
