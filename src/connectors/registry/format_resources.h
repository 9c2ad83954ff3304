// What formats need from outside and cannot get themselves, formats knowing nothing of files and networks:
// the content of a file, a schema registry. Connectors call this before a request is checked or made use of.
// Any thread.
#pragma once

#include "formats/format.h"

namespace penstock {

// Sets file and registry of the request where the format wants them. Reads the file; speaks to no registry
// yet.
Status AttachResources(const Format& format, FormatRequest* request);

}  // namespace penstock
