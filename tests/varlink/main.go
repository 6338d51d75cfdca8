// A second implementation of Varlink (golang-github-varlink-go-dev) drives the daemon: what it cannot parse or
// call is not Varlink. Usage: main SOCKET URL; prints "ok" and exits 0.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/varlink/go/varlink"
	"github.com/varlink/go/varlink/idl"
)

const manager = "io.fetchd.Manager"

type selection struct {
	Ids []int64 `json:"ids"`
}

type job struct {
	Id       int64  `json:"id"`
	Url      string `json:"url"`
	State    string `json:"state"`
	Received int64  `json:"received"`
	Size     *int64 `json:"size"`
}

type attempt struct {
	Number  int64   `json:"number"`
	Outcome string  `json:"outcome"`
	Address *string `json:"address"`
	Bytes   int64   `json:"bytes"`
}

type event struct {
	Kind  string `json:"kind"`
	JobId int64  `json:"job_id"`
	Job   *job   `json:"job"`
}

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %T %v\n", what, err, err)
		os.Exit(1)
	}
}

func want(ok bool, format string, arguments ...interface{}) {
	if !ok {
		fmt.Fprintf(os.Stderr, format+"\n", arguments...)
		os.Exit(1)
	}
}

func introspect(ctx context.Context, c *varlink.Connection) {
	var vendor, product, version, url string
	var interfaces []string
	check(c.GetInfo(ctx, &vendor, &product, &version, &url, &interfaces), "GetInfo")
	sort.Strings(interfaces)
	want(strings.Join(interfaces, " ") == manager+" org.varlink.service", "interfaces: %v", interfaces)
	want(product != "" && version != "", "GetInfo has no product or version")
	for _, name := range interfaces {
		text, err := c.GetInterfaceDescription(ctx, name)
		check(err, "GetInterfaceDescription "+name)
		want(strings.Contains("\n"+text, "\ninterface "+name+"\n"), "the IDL of %s does not name it", name)
		// This parser takes lower-case interface names only; the specification, and systemd, others too.
		parsed, err := idl.New(strings.Replace(text, "interface "+name, "interface "+strings.ToLower(name), 1))
		check(err, "the IDL of "+name)
		want(parsed.Name == strings.ToLower(name) && len(parsed.Methods) > 1, "the IDL of %s is %s", name, parsed.Name)
	}
}

// watch follows one job to its end.
func watch(ctx context.Context, c *varlink.Connection, id int64) {
	receive, err := c.Send(ctx, manager+".Watch", map[string]interface{}{
		"selection": selection{[]int64{id}}, "snapshot": true, "until": "all"}, varlink.More)
	check(err, "Watch")
	last := ""
	for {
		var reply struct {
			Event event `json:"event"`
		}
		flags, err := receive(ctx, &reply)
		check(err, "Watch")
		if reply.Event.Kind != "" {
			want(reply.Event.JobId == id, "event of job %d", reply.Event.JobId)
			last = reply.Event.Job.State
		}
		if flags&varlink.Continues == 0 {
			break
		}
	}
	want(last == "done", "the job ended %q", last)
}

// inspect looks at the one attempt of a job that is done, and at its file.
func inspect(ctx context.Context, c *varlink.Connection, id int64) {
	var whole struct {
		Job      job       `json:"job"`
		Attempts []attempt `json:"attempts"`
	}
	check(c.Call(ctx, manager+".Inspect", map[string]int64{"id": id}, &whole), "Inspect")
	want(whole.Job.Id == id && len(whole.Attempts) == 1, "Inspect gave %v", whole)
	only := whole.Attempts[0]
	want(only.Number == 1 && only.Outcome == "done" && only.Address != nil && only.Bytes == whole.Job.Received, "Inspect gave %v", only)
	var file struct {
		Verified bool    `json:"verified"`
		Digest   string  `json:"digest"`
		Size     int64   `json:"size"`
		Message  *string `json:"message"`
	}
	check(c.Call(ctx, manager+".Verify", map[string]int64{"id": id}, &file), "Verify")
	want(file.Verified && file.Size == whole.Job.Received && file.Message == nil, "Verify gave %v", file)
	want(strings.HasPrefix(file.Digest, "sha-256="), "Verify gave %v", file)
}

func jobs(ctx context.Context, c *varlink.Connection, url string) {
	var added struct {
		Ids []int64 `json:"ids"`
	}
	check(c.Call(ctx, manager+".Add", map[string]interface{}{
		"jobs": []map[string]interface{}{{"url": url, "priority": 3, "user": "a", "password": "b", "insecure": true}}}, &added), "Add")
	want(len(added.Ids) == 1, "Add gave %v", added.Ids)
	id := added.Ids[0]
	watch(ctx, c, id)
	inspect(ctx, c, id)
	var list struct {
		Jobs []job `json:"jobs"`
	}
	check(c.Call(ctx, manager+".List", map[string]interface{}{"selection": selection{[]int64{id}}}, &list), "List")
	want(len(list.Jobs) == 1, "List gave %v", list.Jobs)
	found := list.Jobs[0]
	want(found.Id == id && found.Url == url && found.State == "done", "List gave %v", found)
	want(found.Size != nil && *found.Size == found.Received, "size and received of %v", found)
}

func refusals(ctx context.Context, c *varlink.Connection) {
	err := c.Call(ctx, manager+".Pause", map[string]interface{}{"selection": selection{[]int64{4711}}}, nil)
	failure, ok := err.(*varlink.Error)
	want(ok && failure.Name == manager+".NoSuchJob", "Pause of no job: %T %v", err, err)
	err = c.Call(ctx, manager+".Explode", nil, nil)
	_, ok = err.(*varlink.MethodNotFound)
	want(ok, "a method that is not there: %T %v", err, err)
	err = c.Call(ctx, manager+".List", map[string]interface{}{"limit": "all"}, nil)
	parameter, ok := err.(*varlink.InvalidParameter)
	want(ok && parameter.Parameter == "limit", "a parameter of a wrong type: %T %v", err, err)
}

func answers(ctx context.Context, c *varlink.Connection) {
	var pong struct {
		Pid int `json:"pid"`
	}
	check(c.Call(ctx, manager+".Ping", nil, &pong), "Ping")
	want(pong.Pid > 0, "Ping gave no pid")
	var status struct {
		Pid    int              `json:"pid"`
		Counts map[string]int64 `json:"counts"`
	}
	check(c.Call(ctx, manager+".Status", nil, &status), "Status")
	want(status.Pid == pong.Pid && len(status.Counts) == 7, "Status gave %v", status)
}

func main() {
	want(len(os.Args) == 3, "usage: %s SOCKET URL", os.Args[0])
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	c, err := varlink.NewConnection(ctx, "unix:"+os.Args[1])
	check(err, "connect")
	defer c.Close()
	introspect(ctx, c)
	answers(ctx, c)
	jobs(ctx, c, os.Args[2])
	refusals(ctx, c)
	fmt.Println("ok")
}
