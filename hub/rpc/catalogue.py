"""CatalogueService: what is published, and where an item goes."""

import asyncio
from typing import Any

from grpc import aio

from hub.casework.catalogue.model import Item
from hub.rpc import pages
from hub.services.publications import Publications
from yidi.v1 import catalogue_pb2 as messages
from yidi.v1 import catalogue_pb2_grpc as wire

_Context = aio.ServicerContext[Any, Any]


class CatalogueServicer(wire.CatalogueServiceServicer):
    """Reads only."""

    def __init__(self, publications: Publications) -> None:
        self._publications = publications

    async def GetCatalogue(
        self, request: messages.GetCatalogueRequest, context: _Context
    ) -> messages.GetCatalogueResponse:
        """A version, or the newest."""
        version, document = await asyncio.to_thread(self._publications.document, "catalogue", request.version)
        return messages.GetCatalogueResponse(version=version, document=document)

    async def GetCalendar(
        self, request: messages.GetCalendarRequest, context: _Context
    ) -> messages.GetCalendarResponse:
        """A version, or the newest."""
        version, document = await asyncio.to_thread(self._publications.document, "calendar", request.version)
        return messages.GetCalendarResponse(version=version, document=document)

    async def ListItems(self, request: messages.ListItemsRequest, context: _Context) -> messages.ListItemsResponse:
        """In order of task code."""
        limit = pages.page_size(request.page_size, 200, 50)
        (after,) = pages.read_token(request.page_token, "")
        items = await asyncio.to_thread(self._publications.items, request.query, request.region, str(after), limit)
        token = pages.write_token(items[-1].task_code) if len(items) == limit else ""
        return messages.ListItemsResponse(items=[_item(item) for item in items], next_page_token=token)

    async def ResolveDestination(
        self, request: messages.ResolveDestinationRequest, context: _Context
    ) -> messages.ResolveDestinationResponse:
        """Exactly one queue (A05)."""
        found = await asyncio.to_thread(self._publications.destination, request.task_code, request.region)
        return messages.ResolveDestinationResponse(node=found.node, queue=found.queue, key_record=found.key_record)


def _item(item: Item) -> messages.Item:
    return messages.Item(
        task_code=item.task_code,
        name=item.name,
        region=item.implementing_body.region,
        body_name=item.implementing_body.name,
        case_type=item.case_type,
        status=item.status,
    )
